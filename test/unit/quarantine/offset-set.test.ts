import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OffsetSet } from '#quarantine/offset-set.ts'

const FROM = 2n ** 53n

describe('a set of offsets', () => {
  it('holds what a set holds, in order, for offsets of any size', () => {
    const offsets = fc.array(fc.integer({ min: 0, max: 99 }))
    fc.assert(
      fc.property(offsets, fc.integer({ min: 1, max: 120 }), (numbers, count) => {
        const set = new OffsetSet(FROM, FROM + 100n)
        for (const n of numbers) set.add(FROM + BigInt(n))
        const wanted = [...new Set(numbers)].sort((a, b) => a - b).map((n) => FROM + BigInt(n))
        expect([...set]).toEqual(wanted)
        expect(set.size).toBe(wanted.length)
        expect(set.last()).toBe(wanted.at(-1) ?? null)
        expect(set.firstOfLast(count)).toBe(wanted.slice(-count)[0] ?? null)
        for (let n = 0; n < 100; n += 1) {
          expect(set.has(FROM + BigInt(n))).toBe(numbers.includes(n))
        }
      }),
    )
  })

  it('takes nothing from outside, since a marker may name what was not asked for', () => {
    const set = new OffsetSet(8n, 11n)
    const outside = [0n, 7n, 11n, 15n, 16n, 2n ** 62n]
    for (const offset of outside) set.add(offset)
    expect([set.size, outside.filter((offset) => set.has(offset))]).toEqual([0, []])
  })
})
