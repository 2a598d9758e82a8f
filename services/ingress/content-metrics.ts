import type { Registry } from 'prom-client'
import { Counter, Histogram } from 'prom-client'
import { DOMAINS, MODES } from '#core/routing.ts'
import { SIGNATURE_HEADERS } from './identification.ts'
import type { Reception } from './reception.ts'

/** Figures of what verified webhooks hold, besides their outcome. */
export interface ContentMetrics {
  readonly verified: Counter<'header'>
  readonly modeMismatches: Counter<'mode'>
  readonly cardNumbers: Counter<'domain'>
  readonly decisions: Counter<'result'>
  readonly decisionSeconds: Histogram<'result'>
}

/** Declares them in a process's registry. */
export function contentMetrics(registry: Registry): ContentMetrics {
  const registers = [registry]
  const metrics = {
    verified: new Counter({
      name: 'ingress_verified_webhooks_total',
      help: 'Verified requests, by the header that carried the signature.',
      labelNames: ['header'] as const,
      registers,
    }),
    modeMismatches: new Counter({
      name: 'ingress_mode_mismatches_total',
      help: 'Verified bodies that name the other mode, by the mode of the endpoint: a sandbox secret that signs live data, or the reverse. Alert on any.',
      labelNames: ['mode'] as const,
      registers,
    }),
    cardNumbers: new Counter({
      name: 'ingress_card_numbers_total',
      help: 'Events with a card number in a value, by domain; set aside under CARD_NUMBERS=quarantine.',
      labelNames: ['domain'] as const,
      registers,
    }),
    decisions: new Counter({
      name: 'ingress_decisions_total',
      help: 'Synchronous calls passed on to a decision service, by result; all but decided were answered 503.',
      labelNames: ['result'] as const,
      registers,
    }),
    decisionSeconds: new Histogram({
      name: 'ingress_decision_duration_seconds',
      help: 'Time that a decision service took, or was given.',
      labelNames: ['result'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5],
      registers,
    }),
  }
  // From the first moment at zero: a counter that appears with its first alarm raises none.
  for (const header of SIGNATURE_HEADERS) metrics.verified.inc({ header }, 0)
  for (const mode of MODES) metrics.modeMismatches.inc({ mode }, 0)
  for (const domain of DOMAINS) metrics.cardNumbers.inc({ domain }, 0)
  return metrics
}

/** Counts what an answered webhook held. */
export function countContent(metrics: ContentMetrics, reception: Reception): void {
  const { signatureHeader, mismatch, endpoint, cardNumber, domain, call } = reception
  if (signatureHeader !== null) metrics.verified.inc({ header: signatureHeader })
  if (mismatch === 'mode_mismatch' && endpoint !== null) {
    metrics.modeMismatches.inc({ mode: endpoint.mode })
  }
  if (cardNumber && domain !== null) metrics.cardNumbers.inc({ domain })
  const decision = call?.decision ?? null
  if (decision === null) return
  metrics.decisions.inc({ result: decision.result })
  metrics.decisionSeconds.observe({ result: decision.result }, decision.tookMs / 1000)
}
