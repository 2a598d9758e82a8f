import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseEnvelope } from '#core/envelope.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import type { SchemaField } from '#platform/avro/event-schema.ts'
import { readEventSchema } from '#platform/avro/event-schema.ts'
import { exactData } from '#platform/avro/exact-integers.ts'
import { compileFit } from '#registrar/schema-fit.ts'

interface Generated {
  readonly node: unknown
  readonly value: fc.Arbitrary<unknown>
}

let records = 0

/** A JSON value that is often wrong somewhere; numbers as text, since a double loses digits. */
const anything = fc.oneof(
  fc.constantFrom<unknown>(null, true, 'text', '\ud800', 1, 1.5, 2 ** 53, 1e300, [], [null], {}),
  fc.bigInt(-(2n ** 64n), 2n ** 64n),
)

function noisy(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: anything })
}

function scalar(node: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<Generated> {
  return fc.constant({ node, value: noisy(value) })
}

const { type: anyType } = fc.letrec<{ type: Generated; record: Generated }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'schema' },
    scalar('string', fc.string()),
    scalar('boolean', fc.boolean()),
    scalar('long', fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
    scalar('double', fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer())),
    tie('type').map(({ node, value }) => ({
      node: { type: 'array', items: node },
      value: noisy(fc.array(value, { maxLength: 3 })),
    })),
    tie('record'),
  ),
  record: fc
    .array(fc.tuple(tie('type'), fc.boolean()), {
      minLength: 1,
      maxLength: 3,
      depthIdentifier: 'schema',
    })
    .map((inner) => {
      records += 1
      const fields = inner.map(([{ node }, inferred], i) => ({
        name: `f${i}`,
        type: ['null', node],
        default: null,
        ...(inferred ? { inferred } : {}),
      }))
      const values = Object.fromEntries(inner.map(([{ value }], i) => [`f${i}`, value]))
      const value = fc.record({ ...values, extra: anything }, { requiredKeys: [] })
      return { node: { type: 'record', name: `R${records}`, fields }, value: noisy(value) }
    }),
}))

/** bigints as numbers with all their digits. */
function jsonOf(value: unknown): string {
  const marked = JSON.stringify(value, (_key, inner) =>
    typeof inner === 'bigint' ? `#${inner}#` : inner,
  )
  return (marked ?? 'null').replaceAll(/"#(-?\d+)#"/g, '$1')
}

const ENVELOPE = [
  ...['id', 'type', 'tenant_id', 'api_version', 'endpoint_id'].map((name) => ({
    name,
    type: 'string',
  })),
  ...['created', 'received_at'].map((name) => ({
    name,
    type: { type: 'long', logicalType: 'timestamp-millis' },
  })),
  ...['live_mode', 'stale_signature'].map((name) => ({ name, type: 'boolean' })),
]

function outcomes({ node }: Generated, inferred: boolean, value: unknown) {
  const top = {
    name: 'top',
    type: ['null', node],
    default: null,
    ...(inferred ? { inferred } : {}),
  }
  const fields = [...ENVELOPE, top, { name: 'raw', type: 'bytes' }]
  const schemaText = JSON.stringify({ type: 'record', name: 'E', fields })
  const text = `{"id":"evt_1","type":"card.created","created":"2026-05-19T08:00:00Z","tenant_id":"tnt_1",
    "live_mode":true,"api_version":"2026-05-19","data":{"top":${jsonOf(value)}}}`
  const parsed = parseEnvelope(JSON.parse(text))
  if (!parsed.ok) throw new Error(parsed.fault.field)
  const raw = Buffer.from(text)
  const encoded = compileEventEncoder({ schemaText, schemaId: 1 }).encode({
    envelope: parsed.envelope,
    previousAttributesText: null,
    endpointId: 'whk_1',
    receivedAtMs: 0,
    staleSignature: false,
    raw,
  })
  const fitOf = compileFit(readEventSchema(schemaText).resources)
  const quick = fitOf(parsed.envelope.data)
  return { encoded, fit: quick.inexact ? fitOf(exactData(raw) ?? {}) : quick }
}

describe('how an event lies in a schema', () => {
  it('is what the encoder of the ingress does with it, for any schema and any JSON', async () => {
    const cases = anyType.chain((type) => fc.tuple(fc.constant(type), fc.boolean(), type.value))
    const met = { refused: 0, nulled: 0, clean: 0, unknown: 0 }
    await fc.assert(
      fc.property(cases, ([type, inferred, value]) => {
        const { encoded, fit } = outcomes(type, inferred, value)
        const misfits = [...fit.misfits.values()]
        const strict = misfits.filter(({ nulls }) => nulls === null)
        expect(encoded.ok).toBe(strict.length === 0)
        if (!encoded.ok) {
          met.refused += 1
          const at = { path: encoded.path.replace('data.', ''), expected: encoded.expected }
          expect(strict.map(({ path, expected }) => ({ path, expected }))).toContainEqual(at)
          return
        }
        expect(encoded.ignoredFields > 0).toBe(misfits.length > 0)
        if (misfits.length > 0) met.nulled += 1
        else expect(encoded.unknownFields > 0).toBe(fit.unknown.size > 0)
        if (misfits.length === 0) met[fit.unknown.size > 0 ? 'unknown' : 'clean'] += 1
      }),
      { numRuns: 2000 },
    )
    expect(Math.min(...Object.values(met))).toBeGreaterThan(50)
  })

  const field = (name: string, type: unknown, inferred = false) =>
    ({ name, type: ['null', type], ...(inferred ? { inferred } : {}) }) as SchemaField
  const record = (name: string, ...fields: readonly SchemaField[]) => ({
    type: 'record',
    name,
    fields,
  })

  it('names all that does not fit, and what becomes null of it', () => {
    const line = record('Line', field('cents', 'long'), field('kind', 'string', true))
    const lines = field('lines', { type: 'array', items: line }, true)
    const fitOf = compileFit([field('card', record('Card', lines, field('id', 'string')))])
    const data = {
      card: {
        id: 7,
        lines: [
          { cents: 'x', kind: 'a' },
          { cents: 1, kind: 2, more: 3 },
        ],
      },
    }
    const { held, misfits, unknown } = fitOf(data)
    expect([...misfits.values()]).toEqual([
      { path: 'card.id', expected: 'string', value: 7, nulls: null },
      { path: 'card.lines[].cents', expected: 'long', value: 'x', nulls: 'card.lines' },
      { path: 'card.lines[].kind', expected: 'string', value: 2, nulls: 'card.lines[].kind' },
    ])
    expect([...unknown]).toEqual([['card.lines[].more', 3]])
    expect([...held]).toEqual(['card'])
  })

  it('tells a double that loses digits, and hides names that no schema could hold', () => {
    const fitOf = compileFit([field('a', 'double'), field('b', 'double')])
    const { rounded } = fitOf({ a: 2n ** 53n + 1n, b: 2n ** 60n })
    expect([...rounded]).toEqual([['a', 2n ** 53n + 1n]])
    expect(fitOf({ a: 2 ** 53 }).inexact).toBe(true)
    const { unknown } = fitOf({ 'ada@example.com': 1, __proto__: 2 })
    expect([...unknown.keys()]).toEqual(['(masked name)'])
  })
})
