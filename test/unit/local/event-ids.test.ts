import { expect, it } from 'vitest'
import { eventIds } from '#local/event-ids.ts'

it('makes ids of the form evt_ and 26 Crockford digits', () => {
  expect(eventIds(Date.now)()).toMatch(/^evt_[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
})

it('writes the time as a ULID does', () => {
  expect(eventIds(() => 1_469_918_176_385)()).toMatch(/^evt_01ARYZ6S41/)
})

it('sorts ids in the order they were made, also within a millisecond and when the clock goes back', () => {
  const times = [5, 5, 5, 3, 9, 9]
  const next = eventIds(() => times.shift() ?? 0)
  const ids = Array.from({ length: 6 }, next)
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(ids).size).toBe(6)
})
