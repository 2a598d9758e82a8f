import { beforeAll, describe, expect, it } from 'vitest'
import { parseEnvelope } from '#core/envelope.ts'
import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import type { RehearsalResult, TrafficEvent } from '#registrar/rehearsal.ts'
import { Rehearsal } from '#registrar/rehearsal.ts'
import { isUnharmed, judged, rehearsalJson, rehearsalLines } from '#registrar/rehearsal-report.ts'
import { schemaText } from '../../fixtures/published-versions.ts'
import type { FieldChange } from '../../fixtures/schema-changes.ts'
import { changeField, retyped } from '../../fixtures/schema-changes.ts'

const CURRENT = '2026-05-19'
const NEXT = '2026-09-01' as ApiVersion
const SECRET = 'Ada Lovelace'
const texts = new Map<Domain, string>()

beforeAll(async () => {
  for (const domain of DOMAINS) texts.set(domain, await schemaText(CURRENT, domain))
})

type Changes = readonly (readonly [path: string, change: FieldChange])[]

/** The current schemas, those of the domain card with changes. */
function schemas(changes: Changes) {
  const card = JSON.parse(texts.get('card') ?? '')
  for (const [path, change] of changes) changeField(card, path, change)
  return Object.fromEntries([...texts, ['card', JSON.stringify(card)]]) as Record<Domain, string>
}

let count = 0

function event(data: object, changes: object = {}): TrafficEvent {
  count += 1
  const body = {
    id: `evt_${count}`,
    type: 'card.created',
    created: '2026-05-19T08:00:00Z',
    tenant_id: 'tnt_1',
    live_mode: false,
    api_version: CURRENT,
    data,
    ...changes,
  }
  const parsed = parseEnvelope(body)
  if (!parsed.ok) throw new Error(parsed.fault.field)
  return {
    envelope: parsed.envelope,
    previousAttributesText: null,
    raw: Buffer.from(JSON.stringify(body)),
    at: `card/0/${count}`,
    timeMs: count,
    isSetAside: false,
  }
}

function rehearse(
  candidate: Changes,
  events: readonly TrafficEvent[],
  registered: Changes | null = [],
): RehearsalResult {
  const rehearsal = new Rehearsal({
    candidate: { version: NEXT, schemas: schemas(candidate) },
    traffic: CURRENT as ApiVersion,
    registered: registered === null ? null : schemas(registered),
    samples: 2,
  })
  for (const one of events) rehearsal.take(one)
  return rehearsal.result()
}

const gone: FieldChange = () => null
const guess: FieldChange = (field) => ({ ...field, inferred: true })
const sure: FieldChange = ({ inferred: _, ...field }) => field
const card = { card: { id: 'card_1', status: 'active' } }

function effects(result: RehearsalResult) {
  return result.findings.map(({ path, effect, asToday }) => [path, effect, asToday])
}

describe('a rehearsal', () => {
  it('finds nothing in traffic that fits', () => {
    const result = rehearse([], [event(card), event({})])
    expect([result.events, result.setAside, result.findings]).toEqual([2, 0, []])
  })

  it('tells what is typed today and has no field any more from what never had one', () => {
    const data = { card: { ...card.card, network: SECRET } }
    const result = rehearse([['card.status', gone]], [event(data)])
    expect(effects(result)).toEqual([
      ['card.status', 'lost', false],
      ['card.network', 'unknown', false],
    ])
    expect(effects(rehearse([['card.status', gone]], [event(data)], null))).toEqual([
      ['card.status', 'unknown', false],
      ['card.network', 'unknown', false],
    ])
  })

  it('guesses a new name, and says which fields nobody fills', () => {
    const renamed: FieldChange = (field) => ({ ...field, name: 'card_status' })
    const result = rehearse([['card.status', renamed]], [event(card)])
    expect(result.renamings).toEqual([
      { domain: 'card', from: 'card.status', to: 'card.card_status' },
    ])
    const { neverSeen } = result.domains.find(({ domain }) => domain === 'card') ?? {}
    expect(neverSeen).toContain('card.card_status')
    expect(neverSeen).toContain('transaction')
    expect(neverSeen).not.toContain('card.id')
    expect(neverSeen).not.toContain('transaction.id')
  })

  const wrong = event({ card: { status: 7 } })

  it.each<readonly [string, Changes, Changes, boolean, string]>([
    ['as today, where both write null', [], [], true, 'nulled'],
    [
      'worse, where the event would be set aside now',
      [['card.status', sure]],
      [],
      false,
      'set_aside',
    ],
    ['better, where it is set aside today', [], [['card.status', sure]], true, 'nulled'],
    [
      'worse, where more than the field becomes null',
      [
        ['card.status', sure],
        ['card', guess],
      ],
      [],
      false,
      'nulled',
    ],
    [
      'better, where less becomes null',
      [],
      [
        ['card.status', sure],
        ['card', guess],
      ],
      true,
      'nulled',
    ],
  ])('says that a misfit is %s', (_what, candidate, registered, asToday, effect) => {
    const result = rehearse(candidate, [wrong], registered)
    expect(effects(result)).toEqual([['card.status', effect, asToday]])
    expect(isUnharmed(judged(result, new Set()))).toBe(asToday)
    expect(result.setAside).toBe(effect === 'set_aside' ? 1 : 0)
  })

  it('blames the candidate for every misfit where nothing types the traffic today', () => {
    expect(effects(rehearse([], [wrong], null))).toEqual([['card.status', 'nulled', false]])
  })

  it('counts events and tenants, and keeps first, last and some places', () => {
    const events = ['tnt_a', 'tnt_b', 'tnt_a'].map((tenant_id) => event(card, { tenant_id }))
    const [found] = rehearse([['card.status', retyped('long')]], events).findings
    expect(found).toMatchObject({
      events: 3,
      tenants: 2,
      isMoreTenants: false,
      firstMs: events[0]?.timeMs,
      lastMs: events[2]?.timeMs,
      samples: [
        { at: events[0]?.at, tenant: 'tnt_a', shape: 'string of 6' },
        { at: events[1]?.at, tenant: 'tnt_b', shape: 'string of 6' },
      ],
    })
  })

  it('knows previous_attributes, of which a version from before them loses all', () => {
    const updated = { ...event(card), previousAttributesText: '{"status":"x"}' }
    expect(effects(rehearse([], [updated]))).toEqual([])
    const result = rehearse([['previous_attributes', gone]], [updated])
    expect(effects(result)).toEqual([['previous_attributes', 'lost', false]])
  })

  it('sees whole numbers beyond a double as they were sent', () => {
    const cents = event({ transaction: { id: 't', amount_cents: 1 } })
    const text = cents.raw.toString().replace('"amount_cents":1', '"amount_cents":9007199254740993')
    const body = JSON.parse(text)
    const parsed = parseEnvelope(body)
    if (!parsed.ok) throw new Error('no event')
    const whale = { ...cents, envelope: parsed.envelope, raw: Buffer.from(text) }
    expect(effects(rehearse([], [whale]))).toEqual([])
    const changed = rehearse([['transaction.amount_cents', retyped('double')]], [whale])
    expect(effects(changed)).toEqual([['transaction.amount_cents', 'rounded', false]])
  })

  it('takes no more memory whatever tenants, types and keys are sent', () => {
    const names = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`n${i}`, SECRET]))
    const events = Array.from({ length: 600 }, (_, i) =>
      event(
        { card: { status: 'x', ...(i === 0 ? names : { [`m${i}`]: 1 }) } },
        {
          tenant_id: `tnt_${i}`,
          type: `card.t${i}`,
        },
      ),
    )
    const result = rehearse([['card.status', retyped('long')]], events)
    const harm = result.findings.filter(({ effect }) => effect === 'nulled')
    expect(harm).toHaveLength(201)
    expect(harm[0]).toMatchObject({
      type: '(other types)',
      events: 400,
      tenants: 200,
      isMoreTenants: true,
    })
    expect(result.findings.length).toBeLessThan(500)
    expect(result.findings).toContainEqual(expect.objectContaining({ path: 'card.*' }))
  })
})

describe('the report of a rehearsal', () => {
  const data = { card: { status: SECRET, [SECRET]: 1, [`${SECRET}@example.com`]: { x: 1 } } }
  const events = () => [event(data), { ...event(data), isSetAside: true }]

  it('names places, types and tenants, and never a value or a name that may be one', () => {
    const result = rehearse([['card.status', retyped('long')]], events())
    const rehearsal = judged(result, new Set())
    const lines = rehearsalLines(rehearsal)
    expect(lines.slice(0, 3)).toEqual([
      `${NEXT}: 1 failures in 2 events of ${CURRENT}, 1 of them waiting in the quarantine`,
      `  card 2; typed today by ${CURRENT}`,
      '  0 events would be set aside; 0 findings as today, 0 accepted',
    ])
    expect(lines).toContain(
      '  FAILS card:card.status in card.created: expects long, has string: becomes null',
    )
    expect(lines).toContainEqual(expect.stringMatching(/2 events of 1 tenants \(tnt_1\), 1970-/))
    expect(lines).toContainEqual(expect.stringMatching(/card\/0\/\d+ tnt_1: string of 12$/))
    expect(JSON.stringify([lines, rehearsalJson(rehearsal)])).not.toContain('Lovelace')
  })

  it('takes harm that is meant as accepted', () => {
    const result = rehearse([['card.status', retyped('long')]], events())
    const rehearsal = judged(result, new Set(['card:card.status']))
    expect([isUnharmed(rehearsal), rehearsalJson(rehearsal).ok]).toEqual([true, true])
    expect(rehearsalLines(rehearsal)).toContainEqual(
      expect.stringMatching(/^ {2}accepted card:card/),
    )
  })

  it('is not good where nothing was there', () => {
    const rehearsal = judged(rehearse([], []), new Set())
    expect(rehearsalJson(rehearsal).ok).toBe(false)
    expect(rehearsalLines(rehearsal)[1]).toMatch(/nothing was there to rehearse/)
  })

  it('is not good where more harm was done than there was room for', () => {
    const result = { ...rehearse([], events()), leftOut: { harm: 1, notes: 0 } }
    expect(isUnharmed(judged(result, new Set()))).toBe(false)
  })
})
