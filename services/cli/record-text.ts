import type { TypedEvent } from '#platform/avro/event-decoder.ts'
import type { LogRecord } from '#platform/kafka/log-tail.ts'
import type { Mask } from './masking.ts'
import { MASKED } from './masking.ts'
import { printable } from './printable.ts'

/** A record of a topic as far as it could be understood. */
export type ReadRecord =
  | { readonly kind: 'event'; readonly event: TypedEvent; readonly mask: Mask }
  /** A quarantine record: the bytes as they came, the facts in its headers. */
  | { readonly kind: 'set_aside'; readonly body: Buffer }
  /** Of the quarantine: the event at this offset of the partition was released. */
  | { readonly kind: 'marker'; readonly of: bigint; readonly to: string }
  | { readonly kind: 'unreadable'; readonly reason: string }

export interface TextOptions {
  readonly showPii: boolean
}

type WithRawJson = typeof JSON & { rawJSON(text: string): unknown }

const LONGEST_SUMMARY = 200

/** Long numbers as their exact digits. */
function exactDigits(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? (JSON as WithRawJson).rawJSON(value.toString()) : value
}

function json(value: unknown): string {
  return JSON.stringify(value, exactDigits)
}

function place({ topic, partition, offset }: LogRecord): string {
  return `${topic}/${partition}/${offset}`
}

/** Leaves out what is null, since most fields of a resource are. */
function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned)
  if (typeof value !== 'object' || value === null) return value
  const present = Object.entries(value).filter(([, inner]) => inner !== null)
  return Object.fromEntries(present.map(([name, inner]) => [name, pruned(inner)]))
}

function shortened(text: string): string {
  return text.length <= LONGEST_SUMMARY ? text : `${text.slice(0, LONGEST_SUMMARY - 1)}…`
}

function shownResources({ event, mask }: Extract<ReadRecord, { kind: 'event' }>, showPii: boolean) {
  return showPii ? event.resources : mask(event.resources)
}

/** One record in one line, for people. */
export function recordLine(record: LogRecord, read: ReadRecord, { showPii }: TextOptions): string {
  switch (read.kind) {
    case 'event': {
      const { created, tenantId, id, type, apiVersion } = read.event
      const when = new Date(created).toISOString()
      const summary = shortened(json(pruned(shownResources(read, showPii))))
      return printable(
        `${place(record)}  ${when}  ${tenantId}  ${id}  ${type}  ${apiVersion}  ${summary}`,
      )
    }
    case 'set_aside': {
      const { reason = '?', detail = '', ce_id: id = '-' } = record.headers
      const tenant = record.key?.toString('utf8') ?? '-'
      const when = new Date(record.timestampMs).toISOString()
      const body = showPii ? shortened(read.body.toString('utf8')) : `${read.body.length} bytes`
      return printable(`${place(record)}  ${when}  ${tenant}  ${id}  ${reason}  ${detail}  ${body}`)
    }
    case 'marker': {
      const when = new Date(record.timestampMs).toISOString()
      const tenant = record.key?.toString('utf8') ?? '-'
      const which = `released ${record.partition}/${read.of} to ${read.to}`
      return printable(`${place(record)}  ${when}  ${tenant}  ${which}`)
    }
    case 'unreadable':
      return `${place(record)}  (cannot be decoded: ${read.reason})`
  }
}

function contentOf(read: ReadRecord, showPii: boolean): Record<string, unknown> {
  switch (read.kind) {
    case 'event': {
      const { raw, previousAttributes, ...event } = read.event
      const previous = previousAttributes === null || showPii ? previousAttributes : MASKED
      return {
        event: {
          ...event,
          resources: shownResources(read, showPii),
          previousAttributes: previous,
          raw: showPii ? raw.toString('utf8') : MASKED,
        },
      }
    }
    case 'set_aside':
      return { body: showPii ? read.body.toString('utf8') : MASKED }
    case 'marker':
      return { released: { offset: read.of.toString(), to: read.to } }
    case 'unreadable':
      return { unreadable: read.reason }
  }
}

/** One record as one line of JSON, with its coordinates; times in milliseconds since the epoch. */
export function recordJson(record: LogRecord, read: ReadRecord, { showPii }: TextOptions): string {
  const { topic, partition, offset, timestampMs, key, headers } = record
  return json({
    topic,
    partition,
    offset,
    timestamp: timestampMs,
    key: key?.toString('utf8') ?? null,
    headers,
    ...contentOf(read, showPii),
  })
}
