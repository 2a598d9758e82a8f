import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DOMAINS } from '#core/routing.ts'
import { compileEventDecoder, schemaIdOf } from '#platform/avro/event-decoder.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import { bodyWith, samples, schemaText, toEncode } from './sample-events.ts'

const version = '2026-05-19'
const text = schemaText(version, 'card')
const decoder = compileEventDecoder({ schemaText: text })
const templates = compileEventDecoder({ schemaText: schemaText(version, 'pass') })

function framed(raw: Buffer): Buffer {
  const result = compileEventEncoder({ schemaText: text, schemaId: 9 }).encode(toEncode(raw))
  if (!result.ok) throw new Error(`refused at ${result.path}`)
  return result.value
}

const body = bodyWith('card.created', '{"card":{"id":"card_1","suspend_reason":"caf\u00e9"}}')
const value = framed(body)

/** The JSON value with numbers that stand in long fields as bigint. */
function withBigInts(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withBigInts)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(
    Object.entries(json).map(([name, held]) => [
      name,
      name === 'amount_cents' ? BigInt(held as number) : withBigInts(held),
    ]),
  )
}

/** Only the keys that both sides hold: the sender's unknown keys live in raw alone. */
function expectHeld(resource: unknown, sent: unknown): void {
  if (typeof sent !== 'object' || sent === null) {
    expect(resource).toEqual(sent)
    return
  }
  for (const [name, held] of Object.entries(resource as object)) {
    expectHeld(held, (sent as Record<string, unknown>)[name] ?? null)
  }
}

describe('the decoder of events', () => {
  it.each(samples)('reads $version $type as it was sent', (sample) => {
    const schema = schemaText(sample.version, sample.domain)
    const result = compileEventEncoder({ schemaText: schema, schemaId: 9 }).encode(
      toEncode(sample.raw),
    )
    const decoded = result.ok
      ? compileEventDecoder({ schemaText: schema }).decode(result.value)
      : null
    if (decoded?.ok !== true) throw new Error('not decoded')
    const { event } = decoded
    const sent = JSON.parse(sample.raw.toString())
    expect(event).toMatchObject({
      id: sent.id,
      type: sample.type,
      created: Date.parse(sent.created),
      tenantId: sent.tenant_id,
      liveMode: sent.live_mode,
      apiVersion: sample.version,
      endpointId: 'whk_01HZX',
      receivedAt: 1_780_000_000_000,
      staleSignature: false,
    })
    expect(JSON.parse(event.previousAttributes ?? 'null')).toEqual(sent.previous_attributes ?? null)
    expect(event.raw.equals(sample.raw)).toBe(true)
    for (const [name, resource] of Object.entries(sent.data)) {
      expect(event.resources[name]).not.toBeNull()
      expectHeld(event.resources[name], withBigInts(resource))
    }
  })

  it('gives handlers plain objects', () => {
    const decoded = decoder.decode(value)
    const card = decoded.ok ? (decoded.event.resources.card as object) : {}
    expect(Object.getPrototypeOf(card)).toBe(Object.prototype)
  })

  it('tells the schema id of a framed value and null of any other', () => {
    expect(schemaIdOf(value)).toBe(9)
    expect(schemaIdOf(Buffer.from([0, 255, 255, 255, 255]))).toBe(2 ** 32 - 1)
    expect(schemaIdOf(Buffer.from([1, 0, 0, 0, 9]))).toBeNull()
    expect(schemaIdOf(Buffer.from([0, 0, 0, 9]))).toBeNull()
  })

  it('refuses trailing bytes', () => {
    const longer = Buffer.concat([value, Buffer.from([0])])
    expect(decoder.decode(longer)).toEqual({ ok: false, reason: 'trailing_bytes' })
  })

  it('refuses a value cut off anywhere', () => {
    for (let length = 0; length < value.length; length += 1) {
      const { ok } = decoder.decode(value.subarray(0, length))
      expect(ok, `cut off at ${length}`).toBe(false)
    }
  })

  it('refuses broken UTF-8 in a typed field', () => {
    const broken = Buffer.from(value)
    broken[broken.indexOf('caf\u00e9') + 4] = 0xff
    expect(decoder.decode(broken)).toEqual({ ok: false, reason: 'bad_utf8' })
  })

  it('refuses at once an array that claims billions of items', () => {
    const empty = bodyWith('pass_template.created', '{"pass_template":{"fields":[{"key":"k"}]}}')
    const result = compileEventEncoder({
      schemaText: schemaText(version, 'pass'),
      schemaId: 9,
    }).encode(toEncode(empty))
    if (!result.ok) throw new Error('refused')
    // The array is one item: union index 1 (0x02), block count 1 (0x02), key "k", end of block.
    const item = Buffer.from([0x02, 0x02, 0x02, 0x02, 0x6b])
    const at = result.value.indexOf(item)
    expect(at).toBeGreaterThan(0)
    const huge = Buffer.from([0x02, 0xfe, 0xff, 0xff, 0xff, 0x1f])
    const forged = Buffer.concat([
      result.value.subarray(0, at),
      huge,
      result.value.subarray(at + 2),
    ])
    expect(templates.decode(forged)).toEqual({ ok: false, reason: 'bad_length' })
  })

  it.each(DOMAINS)('never throws and never hangs on arbitrary bytes (%s)', (domain) => {
    const any = compileEventDecoder({ schemaText: schemaText(version, domain) })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(typeof any.decode(bytes).ok).toBe('boolean')
        expect(typeof any.decode(Buffer.concat([Buffer.alloc(5), bytes])).ok).toBe('boolean')
      }),
      { numRuns: 300 },
    )
  })

  it('never throws on a good value with some bytes changed', () => {
    const change = fc.tuple(fc.nat(value.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const changed = Buffer.from(value)
        for (const [at, byte] of changes) changed[at] = byte
        expect(typeof decoder.decode(changed).ok).toBe('boolean')
      }),
      { numRuns: 2000 },
    )
  })
})
