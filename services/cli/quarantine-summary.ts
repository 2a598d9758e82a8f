import type { SetAsideEvent } from '#quarantine/entry.ts'

/** An event that was set aside, without its body. */
export interface EventSummary {
  readonly partition: number
  /** Decimal. */
  readonly offset: string
  readonly received_at: string
  readonly tenant: string
  readonly endpoint: string | null
  readonly reason: string
  readonly detail: string
  readonly id: string | null
  readonly type: string | null
  readonly api_version: string | null
  /** Of the body. */
  readonly bytes: number
  readonly state: 'waiting' | 'released'
  /** `<topic>/<partition>/<offset>`, where it was released to. */
  readonly released_to: string | null
}

/** `<partition>/<offset>` */
export function placeOf({ partition, offset }: EventSummary): string {
  return `${partition}/${offset}`
}

export function isoTime(ms: number): string {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? `${ms} ms` : time.toISOString()
}

export function summaryOf(event: SetAsideEvent, isReleased: boolean): EventSummary {
  return {
    partition: event.partition,
    offset: event.offset.toString(),
    received_at: isoTime(event.receivedAtMs),
    tenant: event.tenant,
    endpoint: event.endpointId,
    reason: event.reason,
    detail: event.detail,
    id: event.eventId,
    type: event.eventType,
    api_version: event.apiVersion,
    bytes: event.body.length,
    state: isReleased ? 'released' : 'waiting',
    released_to: null,
  }
}

/** Newest first; of one moment the later record first. */
export function newestFirst(a: EventSummary, b: EventSummary): number {
  if (a.received_at !== b.received_at) return a.received_at < b.received_at ? 1 : -1
  if (a.partition !== b.partition) return a.partition - b.partition
  return BigInt(a.offset) < BigInt(b.offset) ? 1 : -1
}

/** Counts of the events of one state. Grows with tenants, versions and reasons, not with events. */
export class EventStats {
  events = 0
  bytes = 0
  oldestMs: number | null = null
  newestMs: number | null = null
  readonly reasons = new Map<string, number>()
  readonly tenants = new Map<string, number>()
  readonly versions = new Map<string, number>()

  add({ reason, tenant, apiVersion, receivedAtMs, body }: SetAsideEvent): void {
    this.events += 1
    this.bytes += body.length
    this.oldestMs = Math.min(this.oldestMs ?? receivedAtMs, receivedAtMs)
    this.newestMs = Math.max(this.newestMs ?? receivedAtMs, receivedAtMs)
    count(this.reasons, reason)
    count(this.tenants, tenant)
    count(this.versions, apiVersion ?? '(unreadable)')
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
