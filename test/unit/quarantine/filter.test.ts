import { describe, expect, it } from 'vitest'
import type { QuarantineFilter } from '#quarantine/filter.ts'
import { isMeant } from '#quarantine/filter.ts'
import { bodyOf, RECEIVED_MS, setAside } from './set-aside.ts'

const event = setAside('unknown_version', bodyOf())
const MATCHING: QuarantineFilter = {
  tenant: 'tnt_own',
  reason: 'unknown_version',
  endpoint: 'whk_1',
  version: '2026-05-19',
  id: 'evt_1',
  since: RECEIVED_MS,
  until: RECEIVED_MS + 1,
}
const OTHERS: QuarantineFilter = {
  tenant: 'tnt_other',
  reason: 'malformed',
  endpoint: 'whk_2',
  version: '2026-02-01',
  id: 'evt_2',
  since: RECEIVED_MS + 1,
  until: RECEIVED_MS,
}

describe('a filter', () => {
  it('means every event when it says nothing, and one that fits all it says', () => {
    expect([isMeant({}, event), isMeant(MATCHING, event)]).toEqual([true, true])
  })

  it.each(Object.entries(OTHERS))('excludes by %s alone', (name, value) => {
    expect(isMeant({ ...MATCHING, [name]: value }, event)).toBe(false)
  })
})
