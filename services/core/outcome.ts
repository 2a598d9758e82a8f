import type { ErrorCode } from './errors.ts'
import { errorEntry } from './errors.ts'
import type { EventId } from './ids.ts'

/** Why a signed event was set aside instead of routed (`responses.md`). */
export const QUARANTINE_REASONS = [
  'malformed',
  'unknown_version',
  'schema_mismatch',
  'tenant_mismatch',
  'mode_mismatch',
  'id_conflict',
  'stale_signature',
  'card_number',
] as const
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number]

/** Where a record lies, as the broker's answer named it. */
export interface Coordinate {
  readonly topic: string
  readonly partition: number
  /** Decimal, since an offset is a 64-bit number. */
  readonly offset: string
}

/** What became of one webhook. */
export type Outcome =
  | { readonly kind: 'stored'; readonly id: EventId; readonly at: Coordinate }
  | { readonly kind: 'duplicate'; readonly id: EventId; readonly at: Coordinate }
  | {
      readonly kind: 'set_aside'
      readonly reason: Exclude<QuarantineReason, 'tenant_mismatch' | 'mode_mismatch'>
      /** Null when the bytes hold no readable event id. */
      readonly id: EventId | null
      readonly at: Coordinate
    }
  | {
      readonly kind: 'denied'
      readonly reason: 'tenant_mismatch' | 'mode_mismatch'
      readonly id: EventId
      readonly at: Coordinate
    }
  | {
      /** A synchronous call, answered by the operator's decision service; nothing was stored. */
      readonly kind: 'decided'
      readonly body: Uint8Array
      readonly contentType: string | null
    }
  | { readonly kind: 'refused'; readonly code: ErrorCode }

/** Success body of an answer. */
interface ReceivedBody {
  readonly received: true
  readonly id?: EventId
  readonly duplicate?: true
  readonly set_aside?: QuarantineReason
}

/** Error body of an answer; the same shape as the sender's own errors. */
interface ErrorBody {
  readonly error: {
    readonly type: string
    readonly code: ErrorCode
    readonly message: string
    readonly request_id: string
  }
}

export interface Answer {
  readonly status: number
  /** Bytes only where somebody else's answer is passed on. */
  readonly body: ReceivedBody | ErrorBody | Uint8Array
  /** Of bytes, where it is known. */
  readonly contentType?: string
  /** 503, 429 and 425 say when to come back. */
  readonly retry: boolean
}

/** The error answer of a code. */
export function errorAnswer(code: ErrorCode, requestId: string): Answer {
  const { status, type, message } = errorEntry(code)
  const retry = status === 503 || status === 429 || status === 425
  return { status, retry, body: { error: { type, code, message, request_id: requestId } } }
}

function setAsideAnswer(reason: QuarantineReason, id: EventId | null): Answer {
  const body = { received: true, set_aside: reason } as const
  return { status: 202, retry: false, body: id === null ? body : { ...body, id } }
}

function decidedAnswer({ body, contentType }: Extract<Outcome, { kind: 'decided' }>): Answer {
  const answer = { status: 200, retry: false, body }
  return contentType === null ? answer : { ...answer, contentType }
}

/** The one place where an outcome becomes an HTTP answer. */
export function answerOf(outcome: Outcome, requestId: string): Answer {
  switch (outcome.kind) {
    case 'stored':
      return { status: 200, retry: false, body: { received: true, id: outcome.id } }
    case 'duplicate':
      return {
        status: 200,
        retry: false,
        body: { received: true, id: outcome.id, duplicate: true },
      }
    case 'set_aside':
      return setAsideAnswer(outcome.reason, outcome.id)
    case 'denied':
      return errorAnswer(outcome.reason, requestId)
    case 'decided':
      return decidedAnswer(outcome)
    case 'refused':
      return errorAnswer(outcome.code, requestId)
  }
}
