import avsc from 'avsc'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileEventDecoder } from '#platform/avro/event-decoder.ts'
import type { EncodeResult } from '#platform/avro/event-encoder.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import { bodyWith, samples, schemaText, toEncode } from './sample-events.ts'

const text = schemaText('2026-05-19', 'card')
const encoder = compileEventEncoder({ schemaText: text, schemaId: 258 })
const decoder = compileEventDecoder({ schemaText: text })

function encodeData(dataText: string): EncodeResult {
  return encoder.encode(toEncode(bodyWith('card.transaction.authorized', dataText)))
}

function resourcesOf(result: EncodeResult): Record<string, unknown> {
  if (!result.ok) throw new Error(`refused at ${result.path}`)
  const decoded = decoder.decode(result.value)
  if (!decoded.ok) throw new Error(`not decoded: ${decoded.reason}`)
  return decoded.event.resources
}

function transactionOf(dataText: string): Record<string, unknown> {
  return resourcesOf(encodeData(dataText)).transaction as Record<string, unknown>
}

describe('the encoder of events', () => {
  it.each(samples)('writes $version $type so that avsc alone can read it', (sample) => {
    const schema = schemaText(sample.version, sample.domain)
    const result = compileEventEncoder({ schemaText: schema, schemaId: 7 }).encode(
      toEncode(sample.raw),
    )
    if (!result.ok) throw new Error(`refused at ${result.path}`)
    expect(result.ignoredFields).toBe(0)
    expect([...result.value.subarray(0, 5)]).toEqual([0, 0, 0, 0, 7])
    const record = avsc.Type.forSchema(JSON.parse(schema)).fromBuffer(result.value.subarray(5))
    const body = JSON.parse(sample.raw.toString())
    expect(record.id).toBe(body.id)
    expect(record.created).toBe(Date.parse(body.created))
    expect(Buffer.compare(record.raw, sample.raw)).toBe(0)
  })

  it('writes the frame with the schema id in four bytes, high byte first', () => {
    const result = encodeData('{}')
    expect(result.ok && [...result.value.subarray(0, 5)]).toEqual([0, 0, 0, 1, 2])
  })

  it('keeps every int64 amount exact', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (amount) => {
        const held = transactionOf(`{"transaction":{"amount_cents":${amount}}}`)
        expect(held.amount_cents).toBe(amount)
      }),
    )
    for (const edge of [-(2n ** 63n), 2n ** 63n - 1n, -4503599627370497n, 2n ** 53n + 1n, 0n]) {
      expect(transactionOf(`{"transaction":{"amount_cents":${edge}}}`).amount_cents).toBe(edge)
    }
  })

  it.each([
    ['9223372036854775808'],
    ['-9223372036854775809'],
    ['1e400'],
    ['9'.repeat(5000)],
    ['1.5'],
    ['"1250"'],
    ['true'],
    ['{}'],
  ])('refuses the amount %s and names only the place in the schema', (amount) => {
    const path = 'data.transaction.amount_cents'
    const result = encodeData(`{"transaction":{"amount_cents":${amount}}}`)
    expect(result).toEqual({ ok: false, path, expected: 'long' })
  })

  it('refuses a documented resource of the wrong type', () => {
    expect(encodeData('{"card":[]}')).toEqual({ ok: false, path: 'data.card', expected: 'record' })
    expect(encodeData('{"card":"card_1"}').ok).toBe(false)
  })

  it('refuses a lone surrogate, which has no UTF-8', () => {
    const result = encodeData('{"transaction":{"merchant":{"category_code":"\\ud800"}}}')
    const path = 'data.transaction.merchant.category_code'
    expect(result).toEqual({ ok: false, path, expected: 'string' })
  })

  it('writes null for an inferred field that does not fit, and counts it', () => {
    const result = encodeData(
      '{"transaction":{"currency":840,"status":"\\udc00","amount_cents":5},"dispute":"dsp_1"}',
    )
    expect(result).toMatchObject({ ok: true, ignoredFields: 3, unknownFields: 0 })
    const resources = resourcesOf(result)
    expect(resources.transaction).toMatchObject({ currency: null, status: null, amount_cents: 5n })
    expect(resources.dispute).toBeNull()
  })

  it('lets a documented field inside an inferred one cost only the inferred one', () => {
    const result = encodeData('{"dispute":{"reason":5,"new_key":1},"card":{"id":"card_1"}}')
    expect(result).toMatchObject({ ok: true, ignoredFields: 1, unknownFields: 0 })
    expect(resourcesOf(result)).toMatchObject({ dispute: null, card: { id: 'card_1' } })
  })

  it('counts no unknown keys inside what it ignores', () => {
    const settlements = compileEventEncoder({
      schemaText: schemaText('2026-05-19', 'settlement'),
      schemaId: 1,
    })
    const data = '{"settlement":{"lines":[{"type":"fee","new_key":1},{"type":5}]}}'
    const result = settlements.encode(toEncode(bodyWith('settlement.completed', data)))
    expect(result).toMatchObject({ ok: true, ignoredFields: 1, unknownFields: 0 })
  })

  it('keeps a long exact that the schema writes as an object', () => {
    const schema = JSON.parse(text, (_key, value) => (value === 'long' ? { type: 'long' } : value))
    const created = schema.fields.find((field: { name: string }) => field.name === 'created')
    const received = schema.fields.find((field: { name: string }) => field.name === 'received_at')
    created.type = { type: 'long', logicalType: 'timestamp-millis' }
    received.type = created.type
    const objectForm = JSON.stringify(schema)
    const amount = 2n ** 63n - 1n
    const result = compileEventEncoder({ schemaText: objectForm, schemaId: 1 }).encode(
      toEncode(bodyWith('card.created', `{"transaction":{"amount_cents":${amount}}}`)),
    )
    expect(resourcesOf(result).transaction).toMatchObject({ amount_cents: amount })
  })

  it('takes own keys only, not those of a prototype', () => {
    const event = toEncode(bodyWith('card.created', '{}'))
    const data = Object.create({ card: { id: 'card_1' } })
    const result = encoder.encode({ ...event, envelope: { ...event.envelope, data } })
    expect(resourcesOf(result).card).toBeNull()
  })

  it('counts the keys that the schema does not know', () => {
    const result = encodeData('{"card":{"id":"card_1","a":1,"b":{"c":2}},"refund":{}}')
    expect(result).toMatchObject({ ok: true, unknownFields: 3, ignoredFields: 0 })
  })

  it('counts previous attributes that an old version cannot hold', () => {
    const old = compileEventEncoder({ schemaText: schemaText('2025-11-01', 'card'), schemaId: 1 })
    const event = { ...toEncode(bodyWith('card.created', '{}')), previousAttributesText: '{}' }
    expect(old.encode(event)).toMatchObject({ ok: true, unknownFields: 1 })
  })

  it('does not follow __proto__', () => {
    const result = encodeData('{"__proto__":{"card":{"id":"card_1"}},"transaction":{"id":"txn_1"}}')
    expect(result).toMatchObject({ ok: true, unknownFields: 1 })
    expect(resourcesOf(result).card).toBeNull()
  })

  it('writes bodies far larger than its slab, and small ones after them', () => {
    const large = bodyWith('card.created', `{"note":"${'x'.repeat(900_000)}"}`)
    for (const raw of [large, bodyWith('card.created', '{}'), large]) {
      const result = encoder.encode(toEncode(raw))
      const decoded = result.ok ? decoder.decode(result.value) : null
      expect(decoded?.ok === true && decoded.event.raw.equals(raw)).toBe(true)
    }
  })

  it('hands out values that the next event does not overwrite', () => {
    const first = encodeData('{"card":{"id":"card_first"}}')
    encodeData('{"card":{"id":"card_second"}}')
    expect(resourcesOf(first).card).toMatchObject({ id: 'card_first' })
  })

  it('never throws, whatever JSON is under data', () => {
    const named = fc.dictionary(
      fc.constantFrom('card', 'transaction', 'dispute', 'id', 'merchant', 'shipping', '__proto__'),
      fc.jsonValue(),
    )
    const nested = fc.record({
      transaction: named,
      card: fc.record({ id: fc.string({ unit: 'binary' }), spending_controls: fc.jsonValue() }),
    })
    fc.assert(
      fc.property(fc.oneof(named, nested), (data) => {
        expect(typeof encodeData(JSON.stringify(data)).ok).toBe('boolean')
      }),
    )
  })

  it('keeps the body byte for byte, also when it is not even text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (raw) => {
        const result = encoder.encode({ ...toEncode(bodyWith('card.created', '{}')), raw })
        const decoded = result.ok ? decoder.decode(result.value) : null
        expect(decoded?.ok === true && decoded.event.raw.equals(raw)).toBe(true)
      }),
    )
  })
})
