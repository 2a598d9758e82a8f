import { describe, expect, it } from 'vitest'
import { giveBack } from '#platform/spent-bytes.ts'

const MIB = 1024 * 1024

describe('bytes that are given back', () => {
  it('are free at once, without a collector', () => {
    const before = process.memoryUsage().arrayBuffers
    for (let n = 0; n < 200; n += 1) giveBack(Buffer.alloc(MIB))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * MIB)
  })

  it('have no length any more', () => {
    const bytes = Buffer.allocUnsafeSlow(4096)
    giveBack(bytes)
    expect(bytes.byteLength).toBe(0)
  })

  it('may be given back twice', () => {
    const bytes = Buffer.allocUnsafeSlow(4096)
    giveBack(bytes)
    giveBack(bytes)
    expect(bytes.byteLength).toBe(0)
  })

  it('stay when others share their memory, be it a part or the pool', () => {
    const whole = Buffer.allocUnsafeSlow(4096)
    giveBack(whole.subarray(0, 2048))
    const pooled = Buffer.from('p'.repeat(2000))
    giveBack(pooled)
    expect([whole.byteLength, pooled.toString()]).toEqual([4096, 'p'.repeat(2000)])
  })
})
