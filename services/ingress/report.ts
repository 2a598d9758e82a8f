import { holdsCardNumber } from '#core/card-numbers.ts'
import { errorEntry, isFinal } from '#core/errors.ts'
import type { Answer, Outcome } from '#core/outcome.ts'
import type { Logger } from '#platform/log.ts'
import { errorFields } from '#platform/log.ts'
import type { CutCause } from './admission-metrics.ts'
import { countContent } from './content-metrics.ts'
import { LineBudget } from './line-budget.ts'
import type { IngressMetrics } from './metrics.ts'
import type { Reception } from './reception.ts'
import { SYNCHRONOUS_CALL } from './synchronous-call.ts'

/** One answered request. */
export interface Answered {
  readonly requestId: string
  /** From the path, if it is or was an endpoint of ours: what else came there is not repeated. */
  readonly endpointId: string | null
  readonly reception: Reception
  readonly answer: Answer
  readonly tookMs: number
}

function reasonOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'stored':
    case 'duplicate':
    case 'decided':
      return ''
    case 'set_aside':
    case 'denied':
      return outcome.reason
    case 'refused':
      return outcome.code
  }
}

/** The type is the sender's own words, so the one thing that must not be told may stand in it. */
function toldType({ envelope, call }: Reception): string | null {
  if (call !== null) return SYNCHRONOUS_CALL
  const type = envelope?.type ?? null
  return type !== null && holdsCardNumber(type) ? '(masked)' : type
}

/** All that may be told of a request; no line, metric or span says more. */
export function lineOf({ requestId, endpointId, reception, answer, tookMs }: Answered) {
  const { outcome, endpoint, envelope, detail, secretId } = reception
  const at = 'at' in outcome ? outcome.at : null
  return {
    event: 'webhook.received',
    request_id: requestId,
    status: answer.status,
    outcome: outcome.kind,
    reason: reasonOf(outcome),
    detail,
    limit: reception.limit,
    endpoint_id: endpointId,
    tenant_id: endpoint?.tenantId ?? null,
    mode: endpoint?.mode ?? null,
    secret_id: secretId,
    signature_header: reception.signatureHeader,
    stale_signature: reception.staleSignature,
    event_id: envelope?.id ?? null,
    event_type: toldType(reception),
    api_version: envelope?.apiVersion ?? null,
    topic: at?.topic ?? null,
    partition: at?.partition ?? null,
    offset: at?.offset ?? null,
    duration_ms: Math.round(tookMs * 10) / 10,
  }
}

/**
 * Whether anybody can cause such a line as often as they like: nothing was stored, and most callers
 * are not proven to be the sender. Its kind, or null.
 */
function floodKind(outcome: Outcome): string | null {
  if (outcome.kind === 'duplicate') return outcome.kind
  return outcome.kind === 'refused' ? outcome.code : null
}

/** Counts every answer and writes the one line about it; the only place that does. */
export class Report {
  readonly #log: Logger
  readonly #metrics: IngressMetrics
  readonly #budget: LineBudget

  /** @param now milliseconds of a clock that only grows */
  constructor(log: Logger, metrics: IngressMetrics, now: () => number) {
    this.#log = log
    this.#metrics = metrics
    this.#budget = new LineBudget(now)
  }

  answered(answered: Answered): void {
    const { endpointId, reception, answer, tookMs } = answered
    const { outcome } = reception
    this.#metrics.webhooks.inc({
      outcome: outcome.kind,
      reason: reasonOf(outcome),
      status: answer.status,
    })
    this.#metrics.seconds.observe({ outcome: outcome.kind }, tookMs / 1000)
    this.#countFields(reception)
    countContent(this.#metrics.content, reception)
    this.#countLimit(reception)
    if (isFinal(answer.status)) {
      const destination = endpointId === null ? 'unknown' : 'known'
      this.#metrics.finalRefusals.inc({ reason: reasonOf(outcome), destination })
    }
    const isAlarm = this.#alarm(outcome)
    const { staleSignature, cardNumber } = reception
    const isUsual = outcome.kind === 'stored' && !staleSignature && !cardNumber
    if (!this.#log.isLevelEnabled(isAlarm ? 'error' : isUsual ? 'debug' : 'info')) return
    const leftOut = this.#leftOut(floodKind(outcome))
    if (leftOut === null) return
    const line = leftOut === 0 ? lineOf(answered) : { ...lineOf(answered), left_out: leftOut }
    if (isAlarm) this.#log.error(line)
    else if (isUsual) this.#log.debug(line)
    else this.#log.info(line)
  }

  /** A connection closed without an answer. */
  cut(cause: CutCause): void {
    this.#metrics.cutConnections.inc({ cause })
  }

  /** Something that nobody thought of; its message stays out of the log. */
  surprise(requestId: string, error: unknown): void {
    const leftOut = this.#leftOut('surprise')
    if (leftOut === null) return
    const line = { event: 'webhook.surprise', request_id: requestId, ...errorFields(error) }
    this.#log.error(leftOut === 0 ? line : { ...line, left_out: leftOut })
  }

  /** How many lines of the kind were left out before this one, or null: leave it out as well. */
  #leftOut(kind: string | null): number | null {
    // Whoever turned debug on wants to see everything.
    if (kind === null || this.#log.isLevelEnabled('debug')) return 0
    return this.#budget.take(kind)
  }

  #countFields({ domain, unknownFields, ignoredFields, retiredVersion }: Reception): void {
    if (retiredVersion) this.#metrics.retiredVersion.inc()
    if (domain === null) return
    if (unknownFields > 0) this.#metrics.unknownFields.inc({ domain }, unknownFields)
    if (ignoredFields > 0) this.#metrics.ignoredFields.inc({ domain }, ignoredFields)
  }

  #countLimit({ limit, domain }: Reception): void {
    if (limit === null) return
    this.#metrics.limitRefusals.inc({ limit })
    if (limit === 'domain' && domain !== null) this.#metrics.shedEvents.inc({ domain })
  }

  #alarm(outcome: Outcome): boolean {
    if (outcome.kind === 'set_aside') {
      if (outcome.reason !== 'id_conflict' && outcome.reason !== 'card_number') return false
      this.#metrics.alarms.inc({ code: outcome.reason })
      return true
    }
    const code =
      outcome.kind === 'refused'
        ? outcome.code
        : outcome.kind === 'denied'
          ? outcome.reason
          : undefined
    if (code === undefined || errorEntry(code).alarm !== true) return false
    this.#metrics.alarms.inc({ code })
    return true
  }
}
