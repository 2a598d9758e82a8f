import { errorEntry, isFinal } from '#core/errors.ts'
import type { Answer, Outcome } from '#core/outcome.ts'
import type { Logger } from '#platform/log.ts'
import { errorFields } from '#platform/log.ts'
import type { IngressMetrics } from './metrics.ts'
import type { Reception } from './receiver.ts'

/** One answered request. */
export interface Answered {
  readonly requestId: string
  readonly reception: Reception
  readonly answer: Answer
  readonly tookMs: number
}

function reasonOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'stored':
    case 'duplicate':
      return ''
    case 'set_aside':
    case 'denied':
      return outcome.reason
    case 'refused':
      return outcome.code
  }
}

/** All that may be told of a request; no line, metric or span says more. */
export function lineOf({ requestId, reception, answer, tookMs }: Answered) {
  const { outcome, endpoint, envelope, detail, secretId } = reception
  const at = outcome.kind === 'refused' ? null : outcome.at
  return {
    event: 'webhook.received',
    request_id: requestId,
    status: answer.status,
    outcome: outcome.kind,
    reason: reasonOf(outcome),
    detail,
    endpoint_id: endpoint?.id ?? null,
    tenant_id: endpoint?.tenantId ?? null,
    mode: endpoint?.mode ?? null,
    secret_id: secretId,
    stale_signature: reception.staleSignature,
    event_id: envelope?.id ?? null,
    event_type: envelope?.type ?? null,
    api_version: envelope?.apiVersion ?? null,
    topic: at?.topic ?? null,
    partition: at?.partition ?? null,
    offset: at?.offset ?? null,
    duration_ms: Math.round(tookMs * 10) / 10,
  }
}

/** Counts every answer and writes the one line about it; the only place that does. */
export class Report {
  readonly #log: Logger
  readonly #metrics: IngressMetrics

  constructor(log: Logger, metrics: IngressMetrics) {
    this.#log = log
    this.#metrics = metrics
  }

  answered(answered: Answered): void {
    const { reception, answer, tookMs } = answered
    const { outcome } = reception
    this.#metrics.webhooks.inc({
      outcome: outcome.kind,
      reason: reasonOf(outcome),
      status: answer.status,
    })
    this.#metrics.seconds.observe({ outcome: outcome.kind }, tookMs / 1000)
    this.#countFields(reception)
    if (isFinal(answer.status)) this.#metrics.finalRefusals.inc({ reason: reasonOf(outcome) })
    if (this.#alarm(outcome)) {
      this.#log.error(lineOf(answered))
      return
    }
    const usual = outcome.kind === 'stored' && !reception.staleSignature
    if (!this.#log.isLevelEnabled(usual ? 'debug' : 'info')) return
    if (usual) this.#log.debug(lineOf(answered))
    else this.#log.info(lineOf(answered))
  }

  /** Something that nobody thought of; its message stays out of the log. */
  surprise(requestId: string, error: unknown): void {
    this.#log.error({
      event: 'webhook.surprise',
      request_id: requestId,
      ...errorFields(error),
    })
  }

  #countFields({ domain, unknownFields, ignoredFields, retiredVersion }: Reception): void {
    if (retiredVersion) this.#metrics.retiredVersion.inc()
    if (domain === null) return
    if (unknownFields > 0) this.#metrics.unknownFields.inc({ domain }, unknownFields)
    if (ignoredFields > 0) this.#metrics.ignoredFields.inc({ domain }, ignoredFields)
  }

  #alarm(outcome: Outcome): boolean {
    if (outcome.kind === 'set_aside') {
      if (outcome.reason !== 'id_conflict') return false
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
