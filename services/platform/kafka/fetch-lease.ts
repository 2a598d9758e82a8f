/**
 * What the answers of brokers prove about how fresh the reader's knowledge is.
 *
 * A fetch counts from the moment it was *sent*, and only when the next fetch was answered with
 * nothing between them but heartbeats: then its records have been handled (kafkajs fetches a
 * partition again only after its last batch is done), and it was no error, since kafkajs answers
 * an error with requests for metadata, offsets or the group, or with a new connection.
 */
export interface FetchLease {
  /** When the last answered fetch was sent; null when something has come in between. */
  readonly pendingMs: number | null
  /** Everything written before this moment is known; null when nothing is proven yet. */
  readonly renewedMs: number | null
}

export const NO_LEASE: FetchLease = { pendingMs: null, renewedMs: null }

/** The lease after a broker's answer to a request that was sent at `sentMs`. */
export function leaseAfterAnswer(lease: FetchLease, api: string, sentMs: number): FetchLease {
  if (api === 'Heartbeat') return lease
  if (api !== 'Fetch') return { pendingMs: null, renewedMs: lease.renewedMs }
  return { pendingMs: sentMs, renewedMs: lease.pendingMs ?? lease.renewedMs }
}

/** Whether the knowledge is at most `leaseMs` old. A clock that went backwards proves nothing. */
export function isLeaseHeld(lease: FetchLease, nowMs: number, leaseMs: number): boolean {
  if (lease.renewedMs === null) return false
  const ageMs = nowMs - lease.renewedMs
  return ageMs >= 0 && ageMs <= leaseMs
}
