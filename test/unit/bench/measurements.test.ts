import { describe, expect, it } from 'vitest'
import type { Target } from '../../bench/measurements.ts'
import { isMet, spreadOf, targetTable } from '../../bench/measurements.ts'

function target(kind: 'at least' | 'below', value: number, ...values: readonly number[]): Target {
  return { name: 'a ratio', unit: 'ratio', values, bound: { kind, value } }
}

describe('the spread of a measurement', () => {
  it('is its median, least and most, in whatever order the rounds came', () => {
    expect(spreadOf([9, 1, 5])).toEqual({ median: 5, least: 1, most: 9 })
    expect(spreadOf([4, 1, 2, 9])).toEqual({ median: 3, least: 1, most: 9 })
  })
})

describe('a target', () => {
  it('is judged by the median, whatever the best round was', () => {
    expect(isMet(target('at least', 4, 3, 3, 9))).toBe(false)
    expect(isMet(target('at least', 4, 3, 4, 9))).toBe(true)
    expect(isMet(target('below', 2, 1, 1.9, 7))).toBe(true)
    expect(isMet(target('below', 2, 1, 2, 7))).toBe(false)
  })

  it('that is missed says so in the table', () => {
    const table = targetTable([target('at least', 4, 1, 2, 3), target('below', 4, 1, 2, 3)])
    const [, missed, met] = table.split('\n')
    expect(missed).toMatch(/2\.00 +1\.00 to 3\.00 +at least 4 +MISSED$/)
    expect(met).toMatch(/below 4 +met$/)
  })
})
