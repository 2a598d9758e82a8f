import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instantMs, parseEnvelope } from '#core/envelope.ts'

const good = {
  id: 'evt_01HZX',
  type: 'pass.installed',
  created: '2026-05-19T10:14:22.184Z',
  tenant_id: 'tnt_01HZX',
  live_mode: false,
  api_version: '2026-05-19',
  data: { pass: { id: 'pass_1' } },
  previous_attributes: null,
}

function without(name: string): object {
  return Object.fromEntries(Object.entries(good).filter(([key]) => key !== name))
}

function faultOf(body: unknown): string | null {
  const result = parseEnvelope(body)
  return result.ok ? null : result.fault.field
}

describe('the envelope of an event', () => {
  it('is read into typed fields, with the instant as sent and in milliseconds', () => {
    expect(parseEnvelope(good)).toEqual({
      ok: true,
      envelope: {
        id: 'evt_01HZX',
        type: 'pass.installed',
        created: '2026-05-19T10:14:22.184Z',
        createdMs: Date.UTC(2026, 4, 19, 10, 14, 22, 184),
        tenantId: 'tnt_01HZX',
        liveMode: false,
        apiVersion: '2026-05-19',
        data: { pass: { id: 'pass_1' } },
        previousAttributes: null,
      },
    })
  })

  it('takes a missing previous_attributes for null, as versions before 2026-05-19 send it', () => {
    const result = parseEnvelope(without('previous_attributes'))
    expect(result.ok && result.envelope.previousAttributes).toBeNull()
  })

  it('keeps the previous attributes of an update', () => {
    const result = parseEnvelope({ ...good, previous_attributes: { status: 'issued' } })
    expect(result.ok && result.envelope.previousAttributes).toEqual({ status: 'issued' })
  })

  it('tolerates extra top-level keys, which are no breaking change of the sender', () => {
    expect(parseEnvelope({ ...good, request: { id: 'req_1' }, attempt: 3 }).ok).toBe(true)
  })

  it.each(['id', 'type', 'created', 'tenant_id', 'live_mode', 'api_version', 'data'])(
    'names %s when it is missing, null or of the wrong type',
    (field) => {
      expect(faultOf(without(field))).toBe(field)
      for (const value of [null, 7, [], [good.id], { id: 1 }, '', 'x\u0000']) {
        if (field === 'data' && typeof value === 'object' && value !== null) continue
        expect(faultOf({ ...good, [field]: value }), JSON.stringify(value)).toBe(field)
      }
    },
  )

  it('does not take a list for the resources or the previous attributes', () => {
    expect(faultOf({ ...good, data: [] })).toBe('data')
    for (const value of [[], 'x', 0, false]) {
      expect(faultOf({ ...good, previous_attributes: value })).toBe('previous_attributes')
    }
  })

  it.each([null, 7, 'evt_1', true, [], [good]])('is not %j', (body) => {
    expect(faultOf(body)).toBe('(body)')
  })

  it('takes own keys only, not those of a prototype', () => {
    expect(faultOf(Object.create(good))).toBe('id')
    expect(faultOf(JSON.parse(JSON.stringify(good).replace('"data"', '"__proto__"')))).toBe('data')
  })

  it.each(['pass.installed', 'card.transaction.authorized', 'ping', 'a_b.c-d', 'x'.repeat(128)])(
    'takes the event type %s',
    (type) => {
      expect(parseEnvelope({ ...good, type }).ok).toBe(true)
    },
  )

  it.each(['.', 'pass.', '.installed', 'pass..x', 'pass x', 'p\u00e4ss', 'a\nb', 'x'.repeat(129)])(
    'refuses the event type %j',
    (type) => {
      expect(faultOf({ ...good, type })).toBe('type')
    },
  )

  it('never throws, and its faults are words of ours, whatever the body is', () => {
    const words = new Set([...Object.keys(good), '(body)'])
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(good)))
    const bodies = fc.record(
      Object.fromEntries(Object.keys(good).map((name) => [name, field])) as Record<
        string,
        fc.Arbitrary<unknown>
      >,
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), bodies), (body) => {
        const result = parseEnvelope(body)
        if (!result.ok) expect(words).toContain(result.fault.field)
      }),
      { numRuns: 500 },
    )
  })
})

describe('an instant', () => {
  it('is read exactly to the millisecond', () => {
    const instants = fc.date({
      min: new Date('1970-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(instants, (date) => {
        expect(instantMs(date.toISOString())).toBe(date.getTime())
      }),
    )
  })

  it('may come without a fraction, or with more digits than milliseconds', () => {
    expect(instantMs('2026-05-19T10:14:22Z')).toBe(Date.UTC(2026, 4, 19, 10, 14, 22))
    expect(instantMs('2026-05-19T10:14:22.184999999Z')).toBe(Date.UTC(2026, 4, 19, 10, 14, 22, 184))
    expect(instantMs('2024-02-29T00:00:00.000Z')).toBe(Date.UTC(2024, 1, 29))
  })

  it.each([
    ...['', 'now', '2026-05-19', '2026-05-19T10:14:22', '2026-05-19T10:14:22+00:00'],
    ...['2026-05-19 10:14:22Z', '2026-13-19T10:14:22Z', '2026-05-32T10:14:22Z'],
    ...['2026-05-19T25:00:00Z', '2026-05-19T10:61:00Z', '2026-05-19T10:14:22.Z', ' 2026-05-19Z'],
  ])('is never %j', (text) => {
    expect(instantMs(text)).toBeNull()
  })

  it.each(['2026-02-29', '2026-02-30', '2026-02-31', '2026-04-31', '2026-11-31'])(
    'is never on a day that the calendar lacks (%s)',
    (day) => {
      expect(instantMs(`${day}T10:14:22.184Z`)).toBeNull()
    },
  )
})
