import { describe, expect, it } from 'vitest'
import { partitionPlan } from '#consumers/runtime/housekeeping.ts'

const now = Date.parse('2026-03-01T23:59:59Z')

describe('day partitions of the inbox', () => {
  it('are made for 31 days behind, today and 7 days ahead', () => {
    const { create, drop } = partitionPlan(['inbox_default'], now)
    expect(create).toHaveLength(39)
    expect(create.at(0)).toEqual({ name: 'inbox_d20260129', from: '2026-01-29', to: '2026-01-30' })
    expect(create.at(-1)).toEqual({ name: 'inbox_d20260308', from: '2026-03-08', to: '2026-03-09' })
    expect(drop).toEqual([])
  })

  it('are dropped when no copy can come any more, and not a day earlier', () => {
    const { drop } = partitionPlan(['inbox_default', 'inbox_d20260121', 'inbox_d20260122'], now)
    expect(drop).toEqual(['inbox_d20260121'])
  })

  it('are left alone when everything is there', () => {
    const names = partitionPlan([], now).create.map(({ name }) => name)
    expect(partitionPlan(names, now)).toEqual({ create: [], drop: [] })
  })
})
