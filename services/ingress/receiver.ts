import { hash } from 'node:crypto'
import type { OutgoingRecord } from '#core/commit.ts'
import type { Envelope } from '#core/envelope.ts'
import type { ErrorCode } from '#core/errors.ts'
import type { Outcome, QuarantineReason } from '#core/outcome.ts'
import type { CallReception } from './call-reception.ts'
import type { CardNumberPolicy } from './card-data.ts'
import { cardNumberDetail } from './card-data.ts'
import type { Decision } from './decision.ts'
import { bindingFault, decide } from './decision.ts'
import type { EventBody } from './event-body.ts'
import { readEventBody } from './event-body.ts'
import type { Commitment } from './group-commit.ts'
import type { Identification, VerifiedWebhook, Webhook } from './identification.ts'
import type { RecentEvents } from './recent-events.ts'
import type { Reception } from './reception.ts'
import { NOTHING_KNOWN, refusal } from './reception.ts'
import { eventRecord, quarantineRecord, traceparentOf } from './records.ts'
import type { RouteTable } from './routes.ts'
import type { SynchronousCall } from './synchronous-call.ts'

/** Makes records durable; `GroupCommit` is the one that does. */
interface Committer {
  full(): boolean
  submit(record: OutgoingRecord): Promise<Commitment>
}

export interface ReceiverOptions {
  readonly identify: (webhook: Webhook) => Promise<Identification>
  readonly committer: Committer
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

interface InFlight {
  readonly digest: string
  readonly outcome: Promise<Outcome>
}

function refusedCommitment(commitment: Commitment): ErrorCode {
  return commitment.kind === 'refused' ? 'broker_refused' : 'not_durable'
}

/** The later of two copies says so, the earlier one's place stays. */
function asDuplicate(outcome: Outcome): Outcome {
  return outcome.kind === 'stored' ? { ...outcome, kind: 'duplicate' } : outcome
}

/** The life of a webhook (`architecture.md`), from the accepted bytes to the outcome. */
export class Receiver {
  readonly #options: ReceiverOptions
  readonly #inFlight = new Map<string, InFlight>()
  #closed = false

  constructor(options: ReceiverOptions) {
    this.#options = options
  }

  /** From now on everything is refused as `draining`. */
  close(): void {
    this.#closed = true
  }

  /**
   * Whether the next webhook would be refused unread. That the queue for Kafka is full does not
   * concern a synchronous call, and only its body tells it from an event.
   */
  refusesNow(endpointId: string): ErrorCode | null {
    if (this.#closed) return 'draining'
    return this.#options.takesCalls(endpointId) ? null : this.#refusesEvents()
  }

  #refusesEvents(): ErrorCode | null {
    return this.#options.committer.full() ? 'queue_full' : null
  }

  async receive(webhook: Webhook): Promise<Reception> {
    const early = this.refusesNow(webhook.endpointId)
    if (early !== null) return refusal(early)
    const who = await this.#options.identify(webhook)
    const { endpoint, secretId } = who
    if (who.kind === 'refused') return refusal(who.code, { endpoint, secretId })
    const { stale } = who
    const signatureHeader = who.signature.name
    const known = { endpoint: who.endpoint, secretId, signatureHeader, staleSignature: stale }
    const body = readEventBody(who.body, this.#options.jsonDepth)
    if (!body.ok && body.call !== undefined) {
      return { ...(await this.#called(who, body.call, webhook)), ...known }
    }
    const late = this.#refusesEvents()
    if (late !== null) return refusal(late, known)
    if (!body.ok && stale && this.#options.staleSignature === 'reject') {
      return refusal('timestamp_out_of_tolerance', known)
    }
    const reception = body.ok
      ? await this.#bound(who, body, traceparentOf(webhook.traceparent))
      : await this.#setAside(who, 'malformed', body.detail, { id: body.id, envelope: null })
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

  async #bound(
    who: VerifiedWebhook,
    body: ReadableBody,
    traceparent: string | null,
  ): Promise<Reception> {
    const { envelope } = body
    const facts = { id: envelope.id, envelope }
    const fault = bindingFault(who.endpoint, envelope)
    if (fault !== null) {
      const aside = await this.#setAside(who, fault, 'not the endpoint\u2019s', facts)
      return { ...aside, mismatch: fault }
    }
    const key = `${who.endpoint.mode}/${envelope.tenantId}/${envelope.id}`
    const digest = hash('sha256', who.body, 'base64url')
    const earlier = this.#earlier(key, digest, envelope)
    if (earlier === 'conflict') {
      return await this.#setAside(who, 'id_conflict', 'another body was acknowledged', facts)
    }
    if (earlier !== null) return { ...NOTHING_KNOWN, envelope, outcome: await earlier }
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
        return refusal(decision.code, { envelope })
      case 'set_aside':
        return await this.#setAside(who, decision.reason, decision.detail, facts)
      case 'route':
        return await this.#routed(who, body, decision, { key, digest, traceparent })
    }
  }

  async #routed(
    who: VerifiedWebhook,
    body: ReadableBody,
    route: Route,
    known: { key: string; digest: string; traceparent: string | null },
  ): Promise<Reception> {
    const { cardNumbers } = this.#options
    const { envelope, text } = body
    const detail = cardNumbers === 'off' ? null : cardNumberDetail(text, route.encoder.fieldNames)
    if (detail === null) return await this.#store(who, body, route, known)
    const reception =
      cardNumbers === 'quarantine'
        ? await this.#setAside(who, 'card_number', detail, { id: envelope.id, envelope })
        : await this.#store(who, body, route, known)
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
  ): Promise<Outcome> | Outcome | 'conflict' | null {
    const recent = this.#options.recent.find(key)
    if (recent !== undefined) {
      return recent.digest === digest ? { kind: 'duplicate', id, at: recent.at } : 'conflict'
    }
    const flying = this.#inFlight.get(key)
    if (flying === undefined) return null
    return flying.digest === digest ? flying.outcome.then(asDuplicate) : 'conflict'
  }

  async #store(
    who: VerifiedWebhook,
    body: ReadableBody,
    route: Route,
    { key, digest, traceparent }: { key: string; digest: string; traceparent: string | null },
  ): Promise<Reception> {
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
      return await this.#setAside(who, 'schema_mismatch', detail, { id: envelope.id, envelope })
    }
    const record = eventRecord(endpoint, envelope, route.topic, encoded.value, traceparent)
    const outcome = this.#committed(record, envelope, key, digest)
    this.#inFlight.set(key, { digest, outcome })
    return {
      ...NOTHING_KNOWN,
      envelope,
      domain: route.domain,
      retiredVersion: route.retired,
      unknownFields: encoded.unknownFields,
      ignoredFields: encoded.ignoredFields,
      outcome: await outcome,
    }
  }

  async #committed(
    record: OutgoingRecord,
    { id }: Envelope,
    key: string,
    digest: string,
  ): Promise<Outcome> {
    const commitment = await this.#options.committer.submit(record)
    this.#inFlight.delete(key)
    if (commitment.kind !== 'durable') {
      return { kind: 'refused', code: refusedCommitment(commitment) }
    }
    this.#options.recent.remember(key, { digest, at: commitment.at })
    return { kind: 'stored', id, at: commitment.at }
  }

  /** The body goes to the quarantine of the endpoint's tenant; only then may it be answered. */
  async #setAside(
    who: VerifiedWebhook,
    reason: QuarantineReason,
    detail: string,
    { id, envelope }: Pick<Parameters<typeof quarantineRecord>[3], 'id' | 'envelope'>,
  ): Promise<Reception> {
    const { endpoint, signedAt, secretId } = who
    const topic = this.#options.table().topics[endpoint.mode].quarantine
    const facts = { reason, detail, id, envelope, signedAt, secretId }
    const receivedAtMs = this.#options.now()
    const record = quarantineRecord(endpoint, topic, who.body, { ...facts, receivedAtMs })
    const commitment = await this.#options.committer.submit(record)
    const known = { ...NOTHING_KNOWN, envelope, detail }
    if (commitment.kind !== 'durable') {
      return { ...known, outcome: { kind: 'refused', code: 'quarantine_unavailable' } }
    }
    const { at } = commitment
    if ((reason === 'tenant_mismatch' || reason === 'mode_mismatch') && id !== null) {
      return { ...known, outcome: { kind: 'denied', reason, id, at } }
    }
    const setAside = reason as Extract<Outcome, { kind: 'set_aside' }>['reason']
    return { ...known, outcome: { kind: 'set_aside', reason: setAside, id, at } }
  }
}
