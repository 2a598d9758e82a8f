import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { murmur2, partitionOf } from '#core/murmur2.ts'

interface Vector {
  readonly key: string
  readonly murmur2: number
  readonly partition12: number
}

const file = new URL('../../vectors/murmur2.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[]
const bytes = (key: string) => new TextEncoder().encode(key)

describe('the partition of a tenant', () => {
  it('has vectors of every length modulo four, and with bytes above 127', () => {
    expect(new Set(vectors.map(({ key }) => bytes(key).length % 4)).size).toBe(4)
    expect(vectors.some(({ key }) => bytes(key).some((byte) => byte > 127))).toBe(true)
  })

  it.each(vectors)('is the one that the Java client chooses for $key', (vector) => {
    expect(murmur2(bytes(vector.key))).toBe(vector.murmur2)
    expect(partitionOf(bytes(vector.key), 12)).toBe(vector.partition12)
  })

  it('exists, for any key and any number of partitions', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 1000 }), (key, count) => {
        const partition = partitionOf(key, count)
        expect(Number.isInteger(partition)).toBe(true)
        expect(partition).toBeGreaterThanOrEqual(0)
        expect(partition).toBeLessThan(count)
      }),
    )
  })

  it('depends on the bytes alone, not on where they lie in memory', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(9), (key, shift) => {
        const elsewhere = new Uint8Array(key.length + shift + 3).subarray(shift, shift + key.length)
        elsewhere.set(key)
        expect(murmur2(elsewhere)).toBe(murmur2(key))
      }),
    )
  })

  it('spreads tenants evenly', () => {
    const counts = new Array<number>(12).fill(0)
    for (let i = 0; i < 12_000; i += 1) {
      const partition = partitionOf(bytes(`tnt_01HZX${i}`), 12)
      counts[partition] = (counts[partition] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(850)
  })
})
