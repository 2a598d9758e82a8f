import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import { baseOf, VersionInference } from '#registrar/inference.ts'
import { inferenceReport } from '#registrar/inference-report.ts'
import { lintSchema } from '#registrar/lint.ts'
import { checkSamples } from '#registrar/sample-check.ts'
import type { SchemaFolder } from '#registrar/schema-files.ts'
import type { KnownVersion } from '#registrar/version-check.ts'
import { knownVersion } from '#registrar/version-check.ts'
import { readVersionFolders } from '#registrar/version-folder.ts'
import { samples } from '../platform/avro/sample-events.ts'

const VERSION = '2026-09-01' as ApiVersion
const folders = (await readVersionFolders('schemas'))?.versions ?? []
const known = folders.map(knownVersion).filter((version) => version !== null)
const base = baseOf(VERSION, known) as KnownVersion
const headers = { reason: 'unknown_version', api_version: VERSION }

type Data = Readonly<Record<string, unknown>>

function body(type: string, data: Data): Data {
  const created = '2026-09-02T08:00:00.000Z'
  const rest = { created, tenant_id: 'tnt_1', live_mode: true, api_version: VERSION }
  return { id: 'evt_1', type, ...rest, data, previous_attributes: null }
}

function inferred(...bodies: readonly Data[]) {
  const inference = new VersionInference(VERSION)
  for (const one of bodies) {
    inference.take({ value: Buffer.from(JSON.stringify(one)), headers })
  }
  return { inference, proposal: inference.proposal(base) }
}

function schemaOf(proposal: ReturnType<typeof inferred>['proposal'], domain: Domain) {
  return proposal.domains.find((one) => one.domain === domain)?.schema as Data
}

/** What the linter and the samples have against a proposal; it is made to pass both. */
function findings({ domains, samples: made }: ReturnType<typeof inferred>['proposal']) {
  const linted = domains.flatMap(({ domain, schema }) =>
    lintSchema(schema, { version: VERSION, domain }),
  )
  if (linted.length > 0) return linted
  const pairs = domains.map(({ domain, schema }) => [domain, JSON.stringify(schema)])
  const folder: SchemaFolder = { version: VERSION, schemas: Object.fromEntries(pairs) }
  const files = [...made].map(([type, sample]) => ({
    name: `${type}.json`,
    bytes: Buffer.from(JSON.stringify(sample)),
  }))
  return checkSamples(folder, files).findings.filter(({ rule }) => rule !== 'no-samples')
}

function notesOf(proposal: ReturnType<typeof inferred>['proposal'], kind: string) {
  return proposal.domains
    .flatMap(({ events, notes }) => (events === 0 ? [] : notes))
    .filter((note) => note.kind === kind)
}

describe('a proposal for an unknown version', () => {
  it('from events like those of the version before is that version under another name', () => {
    const bodies = samples
      .filter(({ version }) => version === base.folder.version)
      .map(({ raw }) => ({ ...JSON.parse(raw.toString()), api_version: VERSION }))
    const { inference, proposal } = inferred(...bodies)
    expect(inference.events).toBe(26)
    expect(findings(proposal)).toEqual([])
    expect(proposal.samples.size).toBe(26)
    expect(proposal.types.filter(({ isNew }) => isNew)).toEqual([])
    const added = notesOf(proposal, 'new').map(({ path }) => path)
    // The samples carry some keys that no schema has.
    expect(added).toContain('transaction.merchant.city')
    for (const kind of ['conflict', 'retyped', 'new_resource']) {
      expect(notesOf(proposal, kind)).toEqual([])
    }
  })

  it('has new fields as personal data and our guess, with counts, wherever they stand', () => {
    const card = { id: 'card_1', network: 'visa', limits: { daily_cents: 5, per: [{ day: 1.5 }] } }
    const { proposal } = inferred(
      body('card.created', { card }),
      body('card.created', { card: { id: 'card_2', network: null } }),
    )
    expect(findings(proposal)).toEqual([])
    expect(notesOf(proposal, 'new').map(({ path, detail }) => `${path} ${detail}`)).toEqual([
      'card.network string',
      'card.limits record',
      'card.limits.daily_cents long',
      'card.limits.per record[]',
      'card.limits.per[].day double',
    ])
    const text = JSON.stringify(schemaOf(proposal, 'card'))
    expect(text).toContain(
      '{"name":"network","type":["null","string"],"default":null,' +
        '"doc":"Inferred from traffic: seen in 2 of 2; review.","pii":true,"inferred":true}',
    )
    expect(text).toContain('seen in 1 of 2; review.')
    expect(text).toContain('"name":"CardLimitsPer"')
  })

  it('keeps what was never seen, and says so', () => {
    const { proposal } = inferred(body('card.created', { card: { id: 'card_1' } }))
    expect(notesOf(proposal, 'never_seen').map(({ path }) => path)).toContain('card.status')
    expect(JSON.stringify(schemaOf(proposal, 'card'))).toContain('"name":"status"')
  })

  it('gives a field its new type, and says that it changed', () => {
    const { proposal } = inferred(
      body('card.transaction.captured', { transaction: { amount_cents: '12.50' } }),
    )
    expect(notesOf(proposal, 'retyped')).toMatchObject([
      { path: 'transaction.amount_cents', detail: 'is string now', seen: 1, of: 1 },
    ])
    expect(findings(proposal)).toEqual([])
  })

  it('reports conflicts of types and leaves out what no type holds', () => {
    const { proposal } = inferred(
      body('card.created', { card: { status: 'a', odd: 1, nothing: null, empty: [] } }),
      body('card.created', { card: { status: 5, odd: 'x', nothing: null, empty: [] } }),
    )
    expect(notesOf(proposal, 'conflict').map(({ path }) => path)).toEqual(['card.status'])
    expect(notesOf(proposal, 'left_out').map(({ path }) => path)).toEqual([
      'card.odd',
      'card.nothing',
      'card.empty',
    ])
    expect(findings(proposal)).toEqual([])
  })

  it('has a resource that the domain did not have, with its fields, counts and a sample', () => {
    const card = { id: 'card_1' }
    const { proposal } = inferred(
      body('card.refunded', { refund: { id: 'x', lines: [{ cents: 5 }], at: null } }),
      body('card.refunded', { refund: { id: 'y' }, card }),
      body('card.created', { card }),
    )
    expect(findings(proposal)).toEqual([])
    expect(notesOf(proposal, 'new_resource')).toEqual([
      { kind: 'new_resource', path: 'refund', detail: 'record', seen: 2, of: 3 },
    ])
    expect(notesOf(proposal, 'new').map(({ path, seen, of }) => [path, seen, of])).toEqual([
      ['refund.id', 2, 2],
      ['refund.lines', 1, 2],
      ['refund.lines[].cents', 1, 1],
    ])
    const { fields } = schemaOf(proposal, 'card') as { fields: readonly Data[] }
    expect(fields.slice(-2)).toMatchObject([
      {
        name: 'refund',
        type: ['null', { type: 'record', name: 'Refund' }],
        default: null,
        pii: true,
        inferred: true,
        doc: 'Inferred from traffic: seen in 2 of 3; review.',
      },
      { name: 'raw' },
    ])
    expect(proposal.samples.get('card.refunded')).toMatchObject({
      data: { refund: { id: 'example', lines: [{ cents: 1 }] } },
    })
    expect(proposal.types).toEqual([
      { type: 'card.created', events: 1, isNew: false },
      { type: 'card.refunded', events: 2, isNew: true },
    ])
    const report = inferenceReport(proposal).join('\n')
    expect(report).toContain('+ card.refunded: 2; not sampled in the version before')
    expect(report).toContain('+ refund: new resource: record (seen in 2 of 3)')
  })

  it('leaves out what cannot be a resource of the domain, and says why', () => {
    const { proposal } = inferred(
      body('card.created', { card: {}, payout: { id: 'x' }, id: { a: 1 }, note: 'x', odd: [] }),
    )
    expect(findings(proposal)).toEqual([])
    expect(notesOf(proposal, 'left_out').map(({ path, detail }) => `${path} ${detail}`)).toEqual([
      'payout is a resource of the domain settlement; it stays in raw',
      'id is a name of the envelope, and no resource; it stays in raw',
      'note is no record; it stays in raw',
      'odd only empty lists were seen; it stays in raw',
    ])
  })

  it('keeps the data of families that nobody knows in raw, and tells its fields', () => {
    const refund = { id: 'x', lines: [{ cents: 5 }] }
    const { proposal } = inferred(
      body('refund.created', { refund }),
      body('refund.created', { refund: { id: 'y' } }),
    )
    expect(findings(proposal)).toEqual([])
    expect([...proposal.samples.keys()]).toEqual(['refund.created'])
    const { fields } = schemaOf(proposal, 'other') as { fields: readonly Data[] }
    expect(fields.map(({ name }) => name)).not.toContain('refund')
    expect(
      notesOf(proposal, 'raw_only').map(({ path, detail, seen, of }) => [path, detail, seen, of]),
    ).toEqual([
      ['refund', 'record', 2, 2],
      ['refund.id', 'string', 2, 2],
      ['refund.lines', 'record[]', 1, 2],
      ['refund.lines[].cents', 'long', 1, 1],
    ])
  })

  it('passes the linter and the samples, whatever the events hold', () => {
    const key = fc.oneof(
      fc.constantFrom('id', 'status', 'merchant', 'amount_cents', 'shipping', 'spending_controls'),
      fc.stringMatching(/^[a-z]{1,4}(_[a-z]{1,3})?$/),
    )
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(1, 2 ** 60, 1.5, 'x', '5812', null, true, [], {}),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
      ),
    }))
    const names = ['card', 'transaction', 'dispute', 'payout', 'refund', 'fee', 'type', 'raw']
    const resource = fc.dictionary(fc.constantFrom(...names), tree)
    fc.assert(
      fc.property(fc.array(resource, { minLength: 1, maxLength: 4 }), (datas) => {
        const types = ['card.created', 'card.transaction.captured', 'dispute.updated', 'card.x']
        const bodies = datas.map((data, i) => body(types[i] ?? 'card.y', data))
        expect(findings(inferred(...bodies).proposal)).toEqual([])
      }),
      { numRuns: 40 },
    )
  })
})

describe('the privacy of a proposal', () => {
  it('holds no value of an event, in schemas, samples or report', () => {
    const holder = {
      name: 'Ada Lovelace',
      email: 'ada@lovelace.example',
      'ada@lovelace.example': 1,
    }
    const pass = {
      id: 'pass_AdaSecret0001',
      holder,
      tags: ['Ada'],
      born: '1815-12-10',
      zip: '90210',
    }
    const previous = { holder: { name: 'Ada Byron' } }
    const { proposal } = inferred({
      ...body('pass.updated', { pass }),
      id: 'evt_AdaSecret0002',
      tenant_id: 'tnt_AdaSecret0003',
      previous_attributes: previous,
    })
    const everything = [
      JSON.stringify(proposal.domains),
      JSON.stringify([...proposal.samples]),
      ...inferenceReport(proposal),
    ].join('\n')
    expect(everything).not.toMatch(/Ada|ada@|lovelace|1815|90210/i)
    expect(proposal.samples.get('pass.updated')).toMatchObject({
      data: {
        pass: {
          id: `pass_${'0'.repeat(26)}`,
          holder: { name: 'example', email: 'person@example.com' },
          born: '2026-01-01',
          zip: '00000',
        },
      },
      previous_attributes: { holder: { name: 'example' } },
    })
    expect(findings(proposal)).toEqual([])
  })
})

describe('records of the quarantine', () => {
  const value = Buffer.from(JSON.stringify(body('card.created', { card: { id: 'card_1' } })))

  it.each([
    ['the mark of a release', { value: null, headers }],
    ['one with another reason', { value, headers: { ...headers, reason: 'malformed' } }],
    ['one of another version', { value, headers: { ...headers, api_version: '2026-10-01' } }],
  ])('of other kinds are passed over: %s', (_what, record) => {
    const inference = new VersionInference(VERSION)
    inference.take(record)
    expect([inference.events, inference.unreadable]).toEqual([0, 0])
  })

  it('that are no events are counted', () => {
    const inference = new VersionInference(VERSION)
    inference.take({ value: Buffer.from('{'), headers })
    inference.take({ value: Buffer.from('[]'), headers })
    expect([inference.events, inference.unreadable]).toEqual([0, 2])
  })
})

describe('the version to start from', () => {
  it.each([
    ['2026-09-01', '2026-05-19'],
    ['2026-03-01', '2026-02-01'],
    ['2020-01-01', '2025-11-01'],
  ])('for %s is %s', (version, expected) => {
    expect(baseOf(version as ApiVersion, known)?.folder.version).toBe(expected)
  })

  it('gives all six domains', () => {
    expect(inferred().proposal.domains.map(({ domain }) => domain)).toEqual([...DOMAINS])
  })
})
