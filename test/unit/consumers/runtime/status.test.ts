import { describe, expect, it } from 'vitest'
import { backlogOf, lagOf } from '#consumers/runtime/status.ts'

const range = (partition: number, low: bigint, high: bigint) => ({ partition, low, high })

describe('what a group has not handled', () => {
  it('is what lies between its position and the end, partition by partition', () => {
    const backlog = backlogOf(
      [range(0, 0n, 10n), range(1, 0n, 5n)],
      new Map([
        [0, 7n],
        [1, 5n],
      ]),
    )
    expect(backlog).toEqual([{ partition: 0, from: 7n, to: 10n }])
    expect(lagOf(backlog)).toBe(3)
  })

  it('is everything that is still there when it has never come to a partition', () => {
    expect(backlogOf([range(3, 4n, 9n)], new Map())).toEqual([{ partition: 3, from: 4n, to: 9n }])
  })

  it('leaves out what retention has removed before it came', () => {
    expect(lagOf(backlogOf([range(0, 100n, 110n)], new Map([[0, 20n]])))).toBe(10)
  })

  it('is the whole of a topic that was made anew', () => {
    expect(lagOf(backlogOf([range(0, 0n, 3n)], new Map([[0, 50n]])))).toBe(3)
  })

  it('is nothing on an empty topic', () => {
    expect(lagOf(backlogOf([range(0, 0n, 0n), range(1, 8n, 8n)], new Map([[1, 8n]])))).toBe(0)
  })

  it('is counted beyond what a double holds for each offset', () => {
    const end = 9_007_199_254_740_999n
    expect(lagOf(backlogOf([range(0, 0n, end)], new Map([[0, end - 2n]])))).toBe(2)
  })
})
