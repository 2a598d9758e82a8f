import { describe, expect, it } from 'vitest'
import { LineBudget } from '#ingress/line-budget.ts'

function budget() {
  const clock = { ms: 0 }
  const lines = new LineBudget(() => clock.ms)
  const take = (count: number, kind = 'invalid_signature') =>
    Array.from({ length: count }, () => lines.take(kind)).filter((left) => left !== null)
  return { clock, take }
}

describe('the budget for lines', () => {
  it('pays for a hundred at once, and for twenty a second after that', () => {
    const { clock, take } = budget()
    expect(take(100)).toHaveLength(100)
    expect(take(1000)).toHaveLength(0)
    clock.ms = 1000
    expect(take(1000)).toHaveLength(20)
    clock.ms = 3_600_000
    expect(take(1000)).toHaveLength(100)
  })

  it('counts what it leaves out, and tells it with the next line', () => {
    const { clock, take } = budget()
    take(137)
    clock.ms = 100
    expect(take(2)).toEqual([37, 0])
  })

  it('of one kind is not spent by another', () => {
    const { take } = budget()
    take(1000, 'invalid_signature')
    expect(take(1, 'internal')).toEqual([0])
  })

  it('is the same however often it is asked: a minute of flood is 1,300 lines', () => {
    const { clock, take } = budget()
    let lines = 0
    for (; clock.ms < 60_000; clock.ms += 1) lines += take(5).length
    expect(lines).toBeGreaterThan(1250)
    expect(lines).toBeLessThanOrEqual(1300)
  })
})
