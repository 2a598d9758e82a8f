import type { OutgoingRecord } from '#core/commit.ts'
import { tenantId } from '#core/ids.ts'
import type { QuarantineReason } from '#core/outcome.ts'
import type { Domain, Mode } from '#core/routing.ts'
import { cardNumberDetail } from '#ingress/card-data.ts'
import { bindingFault, decide } from '#ingress/decision.ts'
import type { EventOwner } from '#ingress/endpoints.ts'
import { eventOwner } from '#ingress/endpoints.ts'
import type { EventBody } from '#ingress/event-body.ts'
import { readEventBody } from '#ingress/event-body.ts'
import { eventRecord } from '#ingress/records.ts'
import type { RouteTable } from '#ingress/routes.ts'
import { verifiedBefore } from '#ingress/signature.ts'
import type { SetAsideEvent } from './entry.ts'
import { placeText } from './entry.ts'

/** What an event that was set aside comes to now. */
export type Destination =
  | {
      readonly kind: 'domain'
      readonly domain: Domain
      readonly owner: EventOwner
      readonly record: OutgoingRecord
    }
  /** A reason of the quarantine or a code of the ingress, and what to do about it. */
  | { readonly kind: 'stays'; readonly reason: string; readonly detail: string }

export interface DestinationContext {
  /** `<prefix>.<mode>.quarantine`, and its mode. */
  readonly topic: string
  readonly mode: Mode
  readonly table: RouteTable
  /** Whose the endpoint is as configured now; null when it is not, or is removed. */
  readonly endpointNow: (endpointId: string) => EventOwner | null
  /** An operator says that events signed outside the tolerance are to be stored, flagged. */
  readonly acceptStale: boolean
  /** Whether an ingress sets events with card numbers aside; one that was stays in any case. */
  readonly cardNumbersHeld: boolean
  /** An operator says that they are to be stored nevertheless. */
  readonly acceptCardNumbers: boolean
  readonly toleranceSeconds: number
  readonly jsonDepth: number
}

type ReadableBody = Extract<EventBody, { ok: true }>

/** What an ingress writes down when it has verified an event. */
interface Verification {
  readonly endpointId: string
  /** Unix seconds, as sent. */
  readonly signedAt: string
  readonly owner: EventOwner
}

const SECONDS = /^\d{1,12}$/
const CONFLICT =
  'consumers would take it for a copy of the event that was acknowledged under this id'
const NOT_OURS = 'no ingress wrote it: it does not say who signed it, when, and for which endpoint'
const STALE = 'signed outside the tolerance; --accept-stale stores it, flagged'
const CARD_NUMBER = '--accept-card-numbers stores it nevertheless'
const REPAIR = 'the endpoint, as configured now, is not that of the body\u2019s tenant and mode'

function stays(reason: string, detail: string): Destination {
  return { kind: 'stays', reason, detail }
}

function verificationOf(event: SetAsideEvent, mode: Mode): Verification | null {
  const { endpointId, headers } = event
  const { signed_at: signedAt = '', secret_id: secretId = '' } = headers
  const tenant = tenantId(event.tenant)
  if (endpointId === null || tenant === null || secretId === '' || !SECONDS.test(signedAt)) {
    return null
  }
  return { endpointId, signedAt, owner: eventOwner(tenant, mode === 'live') }
}

/** Reasons that an ingress gives only once it has accepted the age, by `STALE_SIGNATURE` or not. */
const AGE_ACCEPTED: ReadonlySet<string> = new Set<QuarantineReason>([
  'unknown_version',
  'schema_mismatch',
  'card_number',
])

/** As the ingress judged it when the event came. */
function wasStale(event: SetAsideEvent, signedAt: string, toleranceSeconds: number): boolean {
  if (event.reason === 'stale_signature') return true
  const receivedAt = Math.floor(event.receivedAtMs / 1000)
  return Math.abs(receivedAt - Number(signedAt)) > toleranceSeconds
}

/** Where it holds a card number, when that keeps it here. */
function heldCardNumber(
  event: SetAsideEvent,
  text: string,
  fieldNames: ReadonlySet<string>,
  { cardNumbersHeld, acceptCardNumbers }: DestinationContext,
): string | null {
  const isHeld = cardNumbersHeld || event.reason === 'card_number'
  return isHeld && !acceptCardNumbers ? cardNumberDetail(text, fieldNames) : null
}

/** Steps 6 and 7 of a webhook's life, for an event whose owner is sure. */
function routed(
  event: SetAsideEvent,
  { endpointId, signedAt, owner }: Verification,
  { envelope, previousAttributesText, text }: ReadableBody,
  context: DestinationContext,
): Destination {
  const stale = wasStale(event, signedAt, context.toleranceSeconds)
  const isAccepted = context.acceptStale || AGE_ACCEPTED.has(event.reason)
  const decision = decide({
    endpoint: owner,
    envelope,
    stale,
    staleSignature: isAccepted ? 'accept' : 'quarantine',
    table: context.table,
    // To be wrong about it only means that an event stays where it is.
    leaseHeld: true,
  })
  if (decision.kind === 'refuse') return stays(decision.code, 'as a webhook would be refused now')
  if (decision.kind === 'set_aside') {
    return stays(decision.reason, stale ? STALE : `${envelope.apiVersion}: ${decision.detail}`)
  }
  const { encoder, domain, topic } = decision
  const cardNumber = heldCardNumber(event, text, encoder.fieldNames, context)
  if (cardNumber !== null) return stays('card_number', `${cardNumber}; ${CARD_NUMBER}`)
  const encoded = encoder.encode({
    envelope,
    previousAttributesText,
    endpointId,
    receivedAtMs: event.receivedAtMs,
    staleSignature: stale,
    raw: event.body,
  })
  if (!encoded.ok) return stays('schema_mismatch', `${encoded.path}: ${encoded.expected}`)
  const record = eventRecord(owner, envelope, topic, encoded.value, null)
  const { partition, offset } = event
  const from = placeText({ topic: context.topic, partition, offset: offset.toString() })
  const headers = { ...record.headers, released_from: from, signed_at: signedAt }
  return { kind: 'domain', domain, owner, record: { ...record, headers } }
}

/**
 * Puts an event through the steps of the ingress once more, but for the verification, which is done
 * and recorded. Pure. Its tenant and mode are those of the record; a body that names others belongs
 * to its endpoint only once the endpoint, as configured now, is the body's own.
 */
export function destinationOf(event: SetAsideEvent, context: DestinationContext): Destination {
  if (event.reason === 'id_conflict') return stays('id_conflict', CONFLICT)
  const verification = verificationOf(event, context.mode)
  if (verification === null) return stays('unverified', NOT_OURS)
  const body = readEventBody(verifiedBefore(event.body), context.jsonDepth)
  if (!body.ok) return stays(body.call ? 'synchronous_call' : 'malformed', body.detail)
  const fault = bindingFault(verification.owner, body.envelope)
  if (fault === null) return routed(event, verification, body, context)
  const owner = context.endpointNow(verification.endpointId)
  if (owner === null || bindingFault(owner, body.envelope) !== null) return stays(fault, REPAIR)
  return routed(event, { ...verification, owner }, body, context)
}
