import { isUtf8 } from 'node:buffer'
import type { Envelope } from '#core/envelope.ts'
import { parseEnvelope } from '#core/envelope.ts'
import type { EventId } from '#core/ids.ts'
import { eventId } from '#core/ids.ts'
import { scanJson } from '#core/json-scan.ts'
import type { VerifiedBody } from './signature.ts'
import type { SynchronousCall } from './synchronous-call.ts'
import { synchronousCall } from './synchronous-call.ts'

/** A verified body, read. `detail` names a field or a rule of ours, never what was sent. */
export type EventBody =
  | {
      readonly ok: true
      readonly envelope: Envelope
      /** Exactly as sent, or null where it is missing or null. */
      readonly previousAttributesText: string | null
      /** The body as text. */
      readonly text: string
    }
  | {
      readonly ok: false
      readonly detail: string
      readonly id: EventId | null
      /** A readable body that is no event at all. */
      readonly call?: SynchronousCall
    }

function malformed(detail: string, id: EventId | null = null): EventBody {
  return { ok: false, detail, id }
}

function parsed(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return null
  }
}

function readableId(value: unknown): EventId | null {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : null
  return typeof id === 'string' ? eventId(id) : null
}

/**
 * UTF-8, JSON, depth, repeated top-level keys, envelope, in this order. Everything that fails here
 * was signed by the sender, so it is set aside and not refused; only a synchronous call is neither.
 */
export function readEventBody(body: VerifiedBody, maxDepth: number): EventBody {
  if (!isUtf8(body)) return malformed('not UTF-8')
  const text = body.toString('utf8')
  const json = parsed(text)
  if (json === null) return malformed('not JSON')
  const id = readableId(json.value)
  const scan = scanJson(text)
  if (scan.depth > maxDepth) return malformed('nested too deeply', id)
  if (scan.repeatedKey) return malformed('a top-level key stands there twice')
  const call = synchronousCall(json.value)
  if (call !== null) return { ok: false, detail: 'a synchronous call', id: null, call }
  const result = parseEnvelope(json.value)
  if (!result.ok) return malformed(`${result.fault.field}: ${result.fault.expected}`, id)
  const { envelope } = result
  const previousAttributesText =
    envelope.previousAttributes === null ? null : scan.previousAttributes
  return { ok: true, envelope, previousAttributesText, text }
}
