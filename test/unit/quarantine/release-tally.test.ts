import { describe, expect, it } from 'vitest'
import { ReleaseTally } from '#quarantine/release-tally.ts'
import { bodyOf, setAside } from './set-aside.ts'

describe('the tally of a release', () => {
  it('counts by tenant, mode and domain, the most first', () => {
    const tally = new ReleaseTally()
    for (const tenant of ['tnt_a', 'tnt_b', 'tnt_b']) tally.move(tenant, 'live', 'card')
    expect(tally.movedCounts().map(({ tenant, events }) => [tenant, events])).toEqual([
      ['tnt_b', 2],
      ['tnt_a', 1],
    ])
  })

  it('keeps no more causes apart than a person can read, and loses no event', () => {
    const tally = new ReleaseTally()
    const event = setAside('unknown_version', bodyOf())
    for (let n = 0; n < 10_000; n += 1) tally.stay(event, 'unknown_version', `version ${n}`)
    tally.stay(event, 'unknown_version', 'version 0')
    const counts = tally.stayedCounts()
    expect(counts).toHaveLength(201)
    expect(counts.reduce((sum, { events }) => sum + events, 0)).toBe(10_001)
    expect(counts.find(({ detail }) => detail === 'version 0')?.events).toBe(2)
  })
})
