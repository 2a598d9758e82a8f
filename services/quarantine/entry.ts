import type { OutgoingRecord } from '#core/commit.ts'
import type { Coordinate } from '#core/outcome.ts'
import type { StretchRecord } from '#platform/kafka/log-stretch.ts'

/** An event that was set aside, as its record tells it. */
export interface SetAsideEvent {
  readonly kind: 'set_aside'
  readonly partition: number
  readonly offset: bigint
  /** Tenant of the endpoint at which it was received; the key of the record. */
  readonly tenant: string
  readonly reason: string
  /** A field or a rule of ours, never what was sent. */
  readonly detail: string
  /** Milliseconds since the epoch. */
  readonly receivedAtMs: number
  readonly endpointId: string | null
  readonly eventId: string | null
  readonly eventType: string | null
  readonly apiVersion: string | null
  readonly headers: Readonly<Record<string, string>>
  /** The body exactly as signed. */
  readonly body: Buffer
}

/** Says that an event of the same partition was released, and where it lies now. */
export interface ReleaseMarker {
  readonly kind: 'marker'
  /** Offset of the event. */
  readonly of: bigint
  /** `<topic>/<partition>/<offset>` */
  readonly to: string
}

/** What lies on a quarantine topic; `foreign` is neither, and nobody's concern. */
export type QuarantineEntry = SetAsideEvent | ReleaseMarker | { readonly kind: 'foreign' }

const OFFSET = /^\d{1,19}$/
const MILLISECONDS = /^\d{1,15}$/

/** What `of` and `to` say, or null when the headers are not those of a marker. */
export function markerOf(headers: Readonly<Record<string, string>>): ReleaseMarker | null {
  const { marker, of, to } = headers
  if (marker !== 'released' || of === undefined || to === undefined || !OFFSET.test(of)) return null
  return { kind: 'marker', of: BigInt(of), to }
}

/** Reads a record of a quarantine topic. Headers that are missing are null, never guessed. */
export function quarantineEntry(partition: number, record: StretchRecord): QuarantineEntry {
  const { offset, key, value, headers, timestampMs } = record
  if (value === null) return markerOf(headers) ?? { kind: 'foreign' }
  const { reason = '', detail = '', received_at: received = '' } = headers
  return {
    kind: 'set_aside',
    partition,
    offset,
    tenant: key?.toString('utf8') ?? '',
    reason,
    detail,
    receivedAtMs: MILLISECONDS.test(received) ? Number(received) : timestampMs,
    endpointId: headers.endpoint_id ?? null,
    eventId: headers.ce_id ?? null,
    eventType: headers.ce_type ?? null,
    apiVersion: headers.api_version ?? null,
    headers,
    body: value,
  }
}

/** `<topic>/<partition>/<offset>` */
export function placeText({ topic, partition, offset }: Coordinate): string {
  return `${topic}/${partition}/${offset}`
}

/**
 * The record that keeps an event from being released twice. It lies in the event's partition, after
 * it, so retention removes it after the event.
 */
export function markerRecord(topic: string, event: SetAsideEvent, to: Coordinate): OutgoingRecord {
  const { partition, offset, tenant } = event
  const headers = { marker: 'released', of: offset.toString(), to: placeText(to) }
  return { topic, partition, key: tenant, value: null, headers }
}
