import avsc from 'avsc'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SchemaNode } from '#platform/avro/event-schema.ts'
import { bindType } from '#platform/avro/long-binding.ts'
import { compileWalk, WIRE_FAULTS } from '#platform/avro/wire-check.ts'

const schema = {
  type: 'record',
  name: 'R',
  fields: [
    { name: 'text', type: 'string' },
    { name: 'maybe', type: ['null', 'string'] },
    { name: 'bytes', type: 'bytes' },
    { name: 'flag', type: 'boolean' },
    { name: 'long', type: 'long' },
    { name: 'double', type: 'double' },
    { name: 'longs', type: { type: 'array', items: 'long' } },
    { name: 'texts', type: ['null', { type: 'array', items: ['null', 'string'] }] },
  ],
} as const

const type = bindType(schema)
const walk = compileWalk(schema as unknown as SchemaNode)
const wellFormed = fc.string({ unit: 'grapheme', maxLength: 80 })

const records = fc.record({
  text: wellFormed,
  maybe: fc.option(wellFormed),
  bytes: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  flag: fc.boolean(),
  long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  double: fc.double(),
  longs: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  texts: fc.option(fc.array(fc.option(wellFormed))),
})

function walked(node: SchemaNode, bytes: readonly number[]): number {
  return compileWalk(node)(Buffer.from(bytes), 0)
}

describe('the walk over bytes before they are decoded', () => {
  it('ends exactly where the value ends, whatever comes before and behind it', () => {
    fc.assert(
      fc.property(records, fc.nat(5), fc.nat(5), (record, before, behind) => {
        const value = type.toBuffer(record)
        const bytes = Buffer.concat([Buffer.alloc(before, 1), value, Buffer.alloc(behind, 1)])
        expect(walk(bytes, before)).toBe(before + value.length)
      }),
      { numRuns: 300 },
    )
  })

  it('never passes a value that is cut off', () => {
    fc.assert(
      fc.property(
        records,
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (record, part) => {
          const value = type.toBuffer(record)
          expect(walk(value.subarray(0, Math.floor(value.length * part)), 0)).toBeLessThan(0)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('passes only what avsc can decode to the same length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const buffer = Buffer.from(bytes)
        const end = walk(buffer, 0)
        if (end < 0) return
        expect(type.decode(buffer, 0).offset).toBe(end)
      }),
      { numRuns: 3000 },
    )
  })

  it('reads arrays in several blocks, also those that tell their size', () => {
    const longs: SchemaNode = { type: 'array', items: 'long' }
    expect(walked(longs, [0])).toBe(1)
    expect(walked(longs, [4, 2, 4, 2, 6, 0])).toBe(6)
    // A count of -2, a size of 2 bytes, two items, the end: as avsc reads it too.
    expect(walked(longs, [3, 4, 6, 4, 0])).toBe(5)
    const plain = avsc.Type.forSchema(longs as avsc.Schema)
    expect(plain.fromBuffer(Buffer.from([3, 4, 6, 4, 0]))).toEqual([3, 2])
  })

  it.each<[string, SchemaNode, number[], number]>([
    ['a text that is longer than the bytes', 'string', [8, 0x61], WIRE_FAULTS.truncated],
    ['a length below zero', 'bytes', [1], WIRE_FAULTS.badLength],
    ['broken UTF-8', 'string', [4, 0xc3, 0x28], WIRE_FAULTS.badUtf8],
    ['a surrogate in UTF-8', 'string', [6, 0xed, 0xa0, 0x80], WIRE_FAULTS.badUtf8],
    ['a boolean of 2', 'boolean', [2], WIRE_FAULTS.badValue],
    ['a branch that the union lacks', ['null', 'string'], [4], WIRE_FAULTS.badValue],
    ['a branch below zero', ['null', 'string'], [1], WIRE_FAULTS.badValue],
    ['a number that never ends', 'long', new Array(11).fill(0x80), WIRE_FAULTS.badValue],
    ['half a double', 'double', [0, 0, 0, 0], WIRE_FAULTS.truncated],
    ['no bytes', 'boolean', [], WIRE_FAULTS.truncated],
    [
      'more items than bytes',
      { type: 'array', items: 'long' },
      [0xfe, 0xff, 0xff, 0xff, 0x1f, 2],
      WIRE_FAULTS.badLength,
    ],
    [
      'a negative count of more items than bytes',
      { type: 'array', items: 'long' },
      [0xfd, 0xff, 0xff, 0xff, 0x1f, 2, 2],
      WIRE_FAULTS.badLength,
    ],
  ])('refuses %s', (_what, node, bytes, fault) => {
    expect(walked(node, bytes)).toBe(fault)
  })

  it('refuses broken UTF-8 in long texts too', () => {
    const bytes = Buffer.concat([Buffer.from([0xc8, 0x01]), Buffer.alloc(100, 0x61)])
    expect(compileWalk('string')(bytes, 0)).toBe(102)
    bytes[101] = 0xff
    expect(compileWalk('string')(bytes, 0)).toBe(WIRE_FAULTS.badUtf8)
  })

  it.each<SchemaNode>(['int', 'float', { type: 'map' }, { type: 'fixed' }, 'unheard'])(
    'cannot be compiled for %j, which events do not use',
    (node) => {
      expect(() => compileWalk(node)).toThrow(/not used by events/)
    },
  )
})
