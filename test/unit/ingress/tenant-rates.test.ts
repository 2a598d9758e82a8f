import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TenantRates } from '#ingress/tenant-rates.ts'

/** How many of these moments are let through. */
function passed(rates: TenantRates, moments: readonly number[], tenant = 'a'): number {
  return moments.filter((now) => rates.refuses(tenant, now) === null).length
}

describe('the bucket of a tenant', () => {
  it('lets a burst through after a rest, and then the rate', () => {
    const rates = new TenantRates({ perSecond: 100, burst: 200 })
    expect(passed(rates, Array(500).fill(0))).toBe(200)
    const second = Array.from({ length: 1000 }, (_, n) => n + 1)
    expect(passed(rates, second)).toBe(100)
    expect(passed(rates, Array(500).fill(60_000))).toBe(200)
  })

  it('says how long to wait, and after that there is a token', () => {
    const rates = new TenantRates({ perSecond: 2, burst: 3 })
    expect(passed(rates, [0, 0, 0])).toBe(3)
    expect(rates.refuses('a', 0)).toBe(500)
    expect(rates.refuses('a', 400)).toBe(100)
    expect(rates.refuses('a', 500)).toBe(null)
    expect(rates.refuses('a', 500)).toBe(500)
  })

  it('is nobody else’s', () => {
    const rates = new TenantRates({ perSecond: 1, burst: 1 })
    expect(['a', 'b', 'a', 'b'].map((tenant) => rates.refuses(tenant, 0) === null)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('never lets more through than burst and rate allow, in any stretch of time', () => {
    const gaps = fc.array(fc.nat(40), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(
        gaps,
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 50 }),
        (list, perSecond, burst) => {
          const rates = new TenantRates({ perSecond, burst })
          let now = 0
          const through: number[] = []
          for (const gap of list) {
            now += gap
            if (rates.refuses('a', now) === null) through.push(now)
          }
          through.forEach((from, i) => {
            through.slice(i).forEach((to, n) => {
              expect(n + 1).toBeLessThanOrEqual(burst + ((to - from) / 1000) * perSecond + 1e-3)
            })
          })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('is not there at a rate of 0', () => {
    const rates = new TenantRates({ perSecond: 0, burst: 1 })
    expect([passed(rates, Array(1000).fill(0)), rates.size]).toEqual([1000, 0])
  })
})

describe('the memory', () => {
  it('holds no bucket that is full again, however many tenants there were', () => {
    const rates = new TenantRates({ perSecond: 500, burst: 1000 })
    for (let n = 0; n < 50_000; n += 1) rates.refuses(`tnt_${n}`, n / 10)
    // 10,000 tenants a second, and a bucket takes 2 s to fill.
    expect(rates.size).toBeLessThanOrEqual(40_001)
    rates.refuses('late', 100_000)
    expect(rates.size).toBe(1)
  })

  it('forgets nothing of a bucket that is not full', () => {
    const rates = new TenantRates({ perSecond: 100, burst: 100 })
    passed(rates, Array(100).fill(900))
    // A generation ends in between.
    rates.refuses('b', 1000)
    expect(passed(rates, Array(500).fill(1100))).toBe(20)
  })
})
