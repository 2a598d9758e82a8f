import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_BYTES, schemaIdOf, writeFrame } from '#platform/avro/confluent-frame.ts'

const schemaIds = fc.oneof(fc.nat(2 ** 31 - 1), fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1))

describe('the frame of Confluent', () => {
  it('is a zero byte and the schema id in four bytes, high byte first', () => {
    const target = Buffer.alloc(FRAME_BYTES, 0xff)
    writeFrame(target, 0x01020304)
    expect([...target]).toEqual([0, 1, 2, 3, 4])
  })

  it('gives back every schema id, wherever the bytes lie in memory', () => {
    fc.assert(
      fc.property(schemaIds, fc.uint8Array(), fc.nat(9), (schemaId, rest, shift) => {
        const memory = Buffer.alloc(shift + FRAME_BYTES + rest.length, 0xee)
        const value = memory.subarray(shift)
        writeFrame(value, schemaId)
        value.set(rest, FRAME_BYTES)
        expect(schemaIdOf(value)).toBe(schemaId)
        expect(schemaIdOf(new Uint8Array(value))).toBe(schemaId)
        expect(Buffer.from(rest).equals(value.subarray(FRAME_BYTES))).toBe(true)
      }),
    )
  })

  it('is not there in a value that is too short or begins otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (value) => {
        const framed = value.length >= FRAME_BYTES && value[0] === 0
        expect(schemaIdOf(value) !== null).toBe(framed)
      }),
    )
    expect(schemaIdOf(Buffer.from([0, 0, 0, 9]))).toBeNull()
    expect(schemaIdOf(Buffer.from('{"id":1}'))).toBeNull()
  })

  it.each([-1, 2 ** 32, 1e12])('holds no schema id such as %d', (schemaId) => {
    expect(() => writeFrame(Buffer.alloc(FRAME_BYTES), schemaId)).toThrow(RangeError)
  })
})
