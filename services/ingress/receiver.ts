import { hash } from 'node:crypto'
import type { OutgoingRecord } from '#core/commit.ts'
import type { Envelope } from '#core/envelope.ts'
import type { ErrorCode } from '#core/errors.ts'
import type { Outcome, QuarantineReason } from '#core/outcome.ts'
import type { Domain } from '#core/routing.ts'
import type { Decision } from './decision.ts'
import { bindingFault, decide } from './decision.ts'
import type { Endpoint } from './endpoints.ts'
import type { EventBody } from './event-body.ts'
import { readEventBody } from './event-body.ts'
import type { Commitment } from './group-commit.ts'
import type { Identification, VerifiedWebhook, Webhook } from './identification.ts'
import type { RecentEvents } from './recent-events.ts'
import { eventRecord, quarantineRecord, traceparentOf } from './records.ts'
import type { RouteTable } from './routes.ts'

/** What became of a webhook, with all that the one line about it may tell. */
export interface Reception {
  readonly outcome: Outcome
  readonly endpoint: Endpoint | null
  readonly envelope: Envelope | null
  readonly domain: Domain | null
  /** A field or a rule of ours, never what was sent. */
  readonly detail: string | null
  readonly secretId: string | null
  readonly staleSignature: boolean
  readonly retiredVersion: boolean
  readonly unknownFields: number
  readonly ignoredFields: number
}

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
  readonly now: () => number
}

type ReadableBody = Extract<EventBody, { ok: true }>
type Route = Extract<Decision, { kind: 'route' }>

interface InFlight {
  readonly digest: string
  readonly outcome: Promise<Outcome>
}

const NOTHING_KNOWN: Omit<Reception, 'outcome'> = {
  endpoint: null,
  envelope: null,
  domain: null,
  detail: null,
  secretId: null,
  staleSignature: false,
  retiredVersion: false,
  unknownFields: 0,
  ignoredFields: 0,
}

/** A webhook that got no further than a refusal. */
export function refusal(code: ErrorCode, known: Partial<Reception> = {}): Reception {
  return { ...NOTHING_KNOWN, ...known, outcome: { kind: 'refused', code } }
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

  /** Whether the next webhook would be refused unread. */
  refusesNow(): ErrorCode | null {
    if (this.#closed) return 'draining'
    return this.#options.committer.full() ? 'queue_full' : null
  }

  async receive(webhook: Webhook): Promise<Reception> {
    const early = this.refusesNow()
    if (early !== null) return refusal(early)
    const who = await this.#options.identify(webhook)
    if (who.kind === 'refused') return refusal(who.code, { endpoint: who.endpoint })
    const { endpoint, secretId, stale } = who
    const known = { endpoint, secretId, staleSignature: stale }
    const body = readEventBody(who.body, this.#options.jsonDepth)
    if (!body.ok && stale && this.#options.staleSignature === 'reject') {
      return refusal('timestamp_out_of_tolerance', known)
    }
    const reception = body.ok
      ? await this.#bound(who, body, traceparentOf(webhook.traceparent))
      : await this.#setAside(who, 'malformed', body.detail, { id: body.id, envelope: null })
    return { ...reception, ...known }
  }

  async #bound(
    who: VerifiedWebhook,
    body: ReadableBody,
    traceparent: string | null,
  ): Promise<Reception> {
    const { envelope } = body
    const facts = { id: envelope.id, envelope }
    const fault = bindingFault(who.endpoint, envelope)
    if (fault !== null) return await this.#setAside(who, fault, 'not the endpoint\u2019s', facts)
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
        return await this.#store(who, body, decision, { key, digest, traceparent })
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
