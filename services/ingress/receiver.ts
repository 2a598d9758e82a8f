import { hash } from 'node:crypto'
import type { OutgoingRecord } from '#core/commit.ts'
import type { Envelope } from '#core/envelope.ts'
import type { ErrorCode } from '#core/errors.ts'
import type { EventId } from '#core/ids.ts'
import type { Outcome, QuarantineReason } from '#core/outcome.ts'
import type { Domain } from '#core/routing.ts'
import { domainOf } from '#core/routing.ts'
import { giveBack } from '#platform/spent-bytes.ts'
import type { Admission } from './admission.ts'
import type { CallReception } from './call-reception.ts'
import type { CardNumberPolicy } from './card-data.ts'
import { cardNumberDetail } from './card-data.ts'
import type { Commitment } from './commitment.ts'
import type { Decision } from './decision.ts'
import { bindingFault, decide } from './decision.ts'
import type { EventBody } from './event-body.ts'
import { readEventBody } from './event-body.ts'
import { EventsInFlight } from './events-in-flight.ts'
import type { Identification, VerifiedWebhook, Webhook } from './identification.ts'
import type { LimitRefusal } from './pressure.ts'
import type { RecentEvents } from './recent-events.ts'
import type { Reception, Unsettled } from './reception.ts'
import { limitRefusal, NOTHING_KNOWN, namesOf, refusal, settled } from './reception.ts'
import { eventRecord, traceparentOf } from './records.ts'
import type { RouteTable } from './routes.ts'
import type { AsideFacts } from './set-aside.ts'
import { putAside } from './set-aside.ts'
import type { SynchronousCall } from './synchronous-call.ts'

/** Makes records durable; `GroupCommit` is the one that does. */
interface Committer {
  submit(record: OutgoingRecord): Promise<Commitment>
}

export interface ReceiverOptions {
  readonly identify: (webhook: Webhook) => Promise<Identification>
  readonly committer: Committer
  /** Whether there is room for a request, an event, and a verified webhook. */
  readonly admission: Pick<Admission, 'ofRequest' | 'ofEvent' | 'ofWebhook'>
  readonly recent: RecentEvents
  /** The frozen table of now. */
  readonly table: () => RouteTable
  /** Whether the catalogue is known to be fresh at this moment (milliseconds since the epoch). */
  readonly leaseHeld: (nowMs: number) => boolean
  readonly jsonDepth: number
  readonly staleSignature: 'quarantine' | 'reject' | 'accept'
  readonly cardNumbers: CardNumberPolicy
  /** Whether the endpoint has a decision service, so that what comes may have no use for Kafka. */
  readonly takesCalls: (endpointId: string) => boolean
  readonly answerCall: (
    who: VerifiedWebhook,
    call: SynchronousCall,
    webhook: Webhook,
  ) => Promise<CallReception>
  readonly now: () => number
}

type ReadableBody = Extract<EventBody, { ok: true }>
type Route = Extract<Decision, { kind: 'route' }>

const CROWDED: LimitRefusal = { code: 'tenant_limit', limit: 'tenant_share', retryAfterMs: null }

const DRAINING: LimitRefusal = { code: 'draining', limit: null, retryAfterMs: null }

function refusedCommitment(commitment: Commitment): ErrorCode {
  return commitment.kind === 'refused' ? 'broker_refused' : 'not_durable'
}

/** The life of a webhook (`architecture.md`), from the accepted bytes to the outcome. */
export class Receiver {
  readonly #options: ReceiverOptions
  readonly #inFlight = new EventsInFlight()
  #inHand = 0
  #closed = false

  constructor(options: ReceiverOptions) {
    this.#options = options
  }

  /** Webhooks whose outcome is not known yet. */
  get inHand(): number {
    return this.#inHand
  }

  /** From now on everything is refused as `draining`. */
  close(): void {
    this.#closed = true
  }

  /**
   * Whether the next webhook would be refused unread. That the queue for Kafka is full does not
   * concern a synchronous call, and only its body tells it from an event.
   */
  refusesNow(endpointId: string): LimitRefusal | null {
    if (this.#closed) return DRAINING
    const { admission, takesCalls } = this.#options
    return admission.ofRequest() ?? (takesCalls(endpointId) ? null : admission.ofEvent())
  }

  /**
   * The body is the receiver's from now on, and is gone unless it is set aside. Not async, and
   * nothing in it awaits the outcome: whatever waited would keep its body.
   */
  receive(webhook: Webhook): Promise<Reception> {
    const early = this.refusesNow(webhook.endpointId)
    if (early !== null) return Promise.resolve(limitRefusal(early))
    this.#inHand += 1
    return this.#received(webhook)
      .then(settled)
      .finally(() => {
        this.#inHand -= 1
      })
  }

  async #received(webhook: Webhook): Promise<Unsettled> {
    const who = await this.#options.identify(webhook)
    const { endpoint, secretId } = who
    if (who.kind === 'refused') {
      giveBack(webhook.body)
      return refusal(who.code, { endpoint, secretId, limit: who.limit })
    }
    const { stale } = who
    const signatureHeader = who.signature.name
    const known = { endpoint: who.endpoint, secretId, signatureHeader, staleSignature: stale }
    const body = readEventBody(who.body, this.#options.jsonDepth)
    if (!body.ok && body.call !== undefined) {
      return { ...(await this.#called(who, body.call, webhook)), ...known }
    }
    const late = this.#options.admission.ofEvent()
    if (late !== null) {
      giveBack(webhook.body)
      return limitRefusal(late, known)
    }
    if (!body.ok && stale && this.#options.staleSignature === 'reject') {
      return refusal('timestamp_out_of_tolerance', known)
    }
    const reception = body.ok
      ? this.#bound(who, body, traceparentOf(webhook.traceparent))
      : this.#setAside(who, 'malformed', body.detail, { id: body.id, envelope: null })
    return { ...reception, ...known }
  }

  async #called(who: VerifiedWebhook, call: SynchronousCall, webhook: Webhook): Promise<Reception> {
    const { outcome, detail, mismatch, decision } = await this.#options.answerCall(
      who,
      call,
      webhook,
    )
    return { ...NOTHING_KNOWN, outcome, detail, mismatch, call: { decision } }
  }

  #bound(who: VerifiedWebhook, body: ReadableBody, traceparent: string | null): Unsettled {
    const { envelope } = body
    const facts = { id: envelope.id, envelope }
    const fault = bindingFault(who.endpoint, envelope)
    if (fault !== null) {
      const aside = this.#setAside(who, fault, 'not the endpoint\u2019s', facts)
      return { ...aside, mismatch: fault }
    }
    const key = `${who.endpoint.mode}/${envelope.tenantId}/${envelope.id}`
    const digest = hash('sha256', who.body, 'base64url')
    const earlier = this.#earlier(key, digest, envelope)
    if (earlier === 'conflict') {
      return this.#setAside(who, 'id_conflict', 'another body was acknowledged', facts)
    }
    const names = namesOf(envelope)
    if (earlier === 'crowded') return limitRefusal(CROWDED, { envelope: names })
    if (earlier !== null) return { ...NOTHING_KNOWN, envelope: names, outcome: earlier }
    const decision = decide({
      endpoint: who.endpoint,
      envelope,
      stale: who.stale,
      staleSignature: this.#options.staleSignature,
      table: this.#options.table(),
      leaseHeld: this.#options.leaseHeld(this.#options.now()),
    })
    switch (decision.kind) {
      case 'refuse':
        return refusal(decision.code, { envelope: names })
      case 'set_aside':
        return this.#setAside(who, decision.reason, decision.detail, facts)
      case 'route':
        return (
          this.#tooMuch(who, envelope, decision.domain) ??
          this.#routed(who, body, decision, { key, digest, traceparent })
        )
    }
  }

  #routed(
    who: VerifiedWebhook,
    body: ReadableBody,
    route: Route,
    known: { key: string; digest: string; traceparent: string | null },
  ): Unsettled {
    const { cardNumbers } = this.#options
    const { envelope, text } = body
    const detail = cardNumbers === 'off' ? null : cardNumberDetail(text, route.encoder.fieldNames)
    if (detail === null) return this.#store(who, body, route, known)
    const reception =
      cardNumbers === 'quarantine'
        ? putAside(this.#options, who, 'card_number', detail, { id: envelope.id, envelope })
        : this.#store(who, body, route, known)
    return {
      ...reception,
      domain: route.domain,
      cardNumber: true,
      detail: reception.detail ?? detail,
    }
  }

  /** What is known of the id: acknowledged, on its way, or one of them with another body. */
  #earlier(
    key: string,
    digest: string,
    { id }: Envelope,
  ): Promise<Outcome> | Outcome | 'conflict' | 'crowded' | null {
    const recent = this.#options.recent.find(key)
    if (recent !== undefined) {
      return recent.digest === digest ? { kind: 'duplicate', id, at: recent.at } : 'conflict'
    }
    return this.#inFlight.join(key, digest)
  }

  #store(
    who: VerifiedWebhook,
    body: ReadableBody,
    route: Route,
    { key, digest, traceparent }: { key: string; digest: string; traceparent: string | null },
  ): Unsettled {
    const { endpoint } = who
    const { envelope } = body
    const encoded = route.encoder.encode({
      envelope,
      previousAttributesText: body.previousAttributesText,
      endpointId: endpoint.id,
      receivedAtMs: this.#options.now(),
      staleSignature: who.stale,
      raw: who.body,
    })
    if (!encoded.ok) {
      const detail = `${encoded.path}: ${encoded.expected}`
      return putAside(this.#options, who, 'schema_mismatch', detail, { id: envelope.id, envelope })
    }
    giveBack(who.body)
    const record = eventRecord(endpoint, envelope, route.topic, encoded.value, traceparent)
    const outcome = this.#committed(record, envelope.id, key, digest)
    this.#inFlight.began(key, digest, outcome)
    return {
      ...NOTHING_KNOWN,
      envelope: namesOf(envelope),
      domain: route.domain,
      retiredVersion: route.retired,
      unknownFields: encoded.unknownFields,
      ignoredFields: encoded.ignoredFields,
      outcome,
    }
  }

  async #committed(
    record: OutgoingRecord,
    id: EventId,
    key: string,
    digest: string,
  ): Promise<Outcome> {
    const commitment = await this.#options.committer.submit(record)
    this.#inFlight.ended(key)
    if (commitment.kind !== 'durable') {
      return { kind: 'refused', code: refusedCommitment(commitment) }
    }
    this.#options.recent.remember(key, { digest, at: commitment.at })
    return { kind: 'stored', id, at: commitment.at }
  }

  /** Whether there is too much for this one to be taken as well; it would go to the queue. */
  #tooMuch(
    { endpoint, body }: VerifiedWebhook,
    envelope: Envelope | null,
    domain: Domain,
  ): Reception | null {
    const limit = this.#options.admission.ofWebhook(endpoint.tenantId, domain, body.byteLength)
    if (limit === null) return null
    giveBack(body)
    return limitRefusal(limit, { envelope: envelope && namesOf(envelope), domain })
  }

  #setAside(who: VerifiedWebhook, reason: QuarantineReason, detail: string, facts: AsideFacts) {
    const { envelope } = facts
    const domain = envelope === null ? 'other' : domainOf(envelope.type)
    return (
      this.#tooMuch(who, envelope, domain) ?? putAside(this.#options, who, reason, detail, facts)
    )
  }
}
