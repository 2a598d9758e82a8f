import type { SetAsideEvent } from './entry.ts'

/** Which events are meant; what is missing excludes nothing. */
export interface QuarantineFilter {
  readonly tenant?: string | undefined
  readonly reason?: string | undefined
  readonly endpoint?: string | undefined
  readonly version?: string | undefined
  /** Id of the event. */
  readonly id?: string | undefined
  /** Time of reception in milliseconds since the epoch, inclusive. */
  readonly since?: number | undefined
  /** Exclusive. */
  readonly until?: number | undefined
}

function isEqual(wanted: string | undefined, found: string | null): boolean {
  return wanted === undefined || wanted === found
}

/** Whether the filter means this event. */
export function isMeant(filter: QuarantineFilter, event: SetAsideEvent): boolean {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter
  return (
    isEqual(filter.tenant, event.tenant) &&
    isEqual(filter.reason, event.reason) &&
    isEqual(filter.endpoint, event.endpointId) &&
    isEqual(filter.version, event.apiVersion) &&
    isEqual(filter.id, event.eventId) &&
    event.receivedAtMs >= since &&
    event.receivedAtMs < until
  )
}
