import avsc from 'avsc'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bindType } from '#platform/avro/long-binding.ts'

const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n
const EDGES = [
  ...[0n, 1n, -1n, 63n, 64n, -64n, -65n, MIN, MIN + 1n, MAX, MAX - 1n],
  ...[2n ** 52n, -(2n ** 52n) - 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n)],
]
const int64 = fc.oneof(fc.bigInt({ min: MIN, max: MAX }), fc.constantFrom(...EDGES))

const long = bindType('long')

/** The zigzag varint of Avro's specification, worked out the slow way. */
function specified(value: bigint): Buffer {
  let rest = value < 0n ? -value * 2n - 1n : value * 2n
  const bytes: number[] = []
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return Buffer.from(bytes)
}

describe('a long', () => {
  it('is written as the specification says and read back exactly, over all of int64', () => {
    fc.assert(
      fc.property(int64, (value) => {
        const bytes = long.toBuffer(value)
        expect(bytes).toEqual(specified(value))
        expect(long.fromBuffer(bytes)).toBe(value)
      }),
      { numRuns: 2000, examples: EDGES.map((edge) => [edge]) },
    )
  })

  it('is a bigint within int64 and nothing else', () => {
    for (const edge of EDGES) expect(long.isValid(edge)).toBe(true)
    for (const value of [MIN - 1n, MAX + 1n, 2n ** 64n, 1, 1.5, '1', null, undefined, true]) {
      expect(long.isValid(value), String(value)).toBe(false)
    }
  })

  it('is ordered as numbers are', () => {
    fc.assert(
      fc.property(int64, int64, (left, right) => {
        expect(Math.sign(long.compare(left, right))).toBe(left < right ? -1 : left > right ? 1 : 0)
      }),
    )
  })

  it.each([
    ['bare', 'long'],
    ['as an object', { type: 'long' }],
    ['with a logical type of its own', { type: 'long', logicalType: 'timestamp-micros' }],
    ['in a union', ['null', 'long']],
    ['in an array', { type: 'array', items: 'long' }],
    ['in a record', { type: 'record', name: 'R', fields: [{ name: 'n', type: 'long' }] }],
  ])('is exact wherever it stands: %s', (place, schema) => {
    const type = bindType(schema)
    for (const edge of EDGES) {
      const value = place === 'in an array' ? [edge] : place === 'in a record' ? { n: edge } : edge
      expect(type.fromBuffer(type.toBuffer(value))).toEqual(value)
    }
  })

  it('is a number when it is a timestamp in milliseconds', () => {
    const type = bindType({ type: 'long', logicalType: 'timestamp-millis' })
    for (const ms of [0, 1_780_000_000_000, -1, 253_402_300_799_999]) {
      expect(type.fromBuffer(type.toBuffer(ms))).toBe(ms)
    }
    expect(type.isValid(1n)).toBe(false)
  })

  it('is what avsc alone reads, as long as that is exact', () => {
    const plain = avsc.Type.forSchema('long')
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(plain.fromBuffer(long.toBuffer(BigInt(value)))).toBe(value)
      }),
    )
  })

  it('needs its own type: avsc alone still loses a digit (mtth/avsc#455)', () => {
    const value = -4503599627370497n
    const bytes = long.toBuffer(value)
    expect(long.fromBuffer(bytes)).toBe(value)
    expect(avsc.Type.forSchema('long').fromBuffer(bytes)).not.toBe(Number(value))
  })
})

describe('a schema', () => {
  it.each([null, 7, 'lng', { type: 'record' }, { type: 'enum', name: 'E' }])(
    'that avsc cannot read throws when it is bound, not later (%j)',
    (schema) => {
      expect(() => bindType(schema)).toThrow()
    },
  )
})
