import { describe, expect, it } from 'vitest'
import type { FetchLease } from '#platform/kafka/fetch-lease.ts'
import { isLeaseHeld, leaseAfterAnswer, NO_LEASE } from '#platform/kafka/fetch-lease.ts'

type Answer = readonly [api: string, sentMs: number]

function leaseOf(...answers: readonly Answer[]): FetchLease {
  return answers.reduce((lease, [api, sentMs]) => leaseAfterAnswer(lease, api, sentMs), NO_LEASE)
}

describe('the lease on the control topic', () => {
  it('is not held before anything was fetched', () => {
    expect(isLeaseHeld(NO_LEASE, 0, 10_000)).toBe(false)
  })

  it('is not held after one fetch, whose records may still be on their way', () => {
    expect(isLeaseHeld(leaseOf(['Fetch', 100]), 110, 10_000)).toBe(false)
  })

  it('counts from the moment at which the confirmed fetch was sent', () => {
    const lease = leaseOf(['Fetch', 100], ['Fetch', 400])
    expect(lease.renewedMs).toBe(100)
    expect(isLeaseHeld(lease, 10_100, 10_000)).toBe(true)
    expect(isLeaseHeld(lease, 10_101, 10_000)).toBe(false)
  })

  it('is renewed through heartbeats', () => {
    expect(leaseOf(['Fetch', 100], ['Heartbeat', 200], ['Fetch', 400]).renewedMs).toBe(100)
  })

  it.each(['Metadata', 'ListOffsets', 'JoinGroup', 'ApiVersions'])(
    'takes a fetch that is followed by %s for an error',
    (api) => {
      expect(leaseOf(['Fetch', 100], [api, 200], ['Fetch', 400]).renewedMs).toBeNull()
    },
  )

  it('keeps what was proven before an error', () => {
    const lease = leaseOf(['Fetch', 100], ['Fetch', 400], ['Metadata', 500], ['Fetch', 700])
    expect(lease.renewedMs).toBe(100)
  })

  it('proves nothing when the clock went backwards', () => {
    expect(isLeaseHeld(leaseOf(['Fetch', 1000], ['Fetch', 1300]), 999, 10_000)).toBe(false)
  })
})
