import type { Outcome } from '#core/outcome.ts'
import type { CallToDecide, NoDecision, ServiceAnswer } from './decision-service.ts'
import type { VerifiedWebhook, Webhook } from './identification.ts'
import { traceparentOf } from './records.ts'
import type { CallMismatch, SynchronousCall } from './synchronous-call.ts'
import { callAdmission } from './synchronous-call.ts'

/** How a call went that was passed on. */
export interface CallDecision {
  readonly result: 'decided' | NoDecision
  readonly tookMs: number
}

/** What became of a synchronous call. */
export interface CallReception {
  readonly outcome: Outcome
  /** A field or a rule of ours, never what was sent. */
  readonly detail: string | null
  readonly mismatch: CallMismatch
  /** Null for a call that was not passed on. */
  readonly decision: CallDecision | null
}

/** Asks the operator's service; `DecisionServices` does. */
interface Decider {
  decide(call: CallToDecide): Promise<ServiceAnswer>
}

/** A verified call from admission to the service's answer. */
export async function receiveCall(
  who: VerifiedWebhook,
  call: SynchronousCall,
  { contentType, arrivedAtMs, traceparent }: Webhook,
  decider: Decider,
): Promise<CallReception> {
  const { endpoint, body, signature, stale } = who
  const admission = callAdmission(endpoint, call, stale)
  if (admission.kind === 'refuse') {
    const { code, mismatch } = admission
    return { outcome: { kind: 'refused', code }, detail: mismatch, mismatch, decision: null }
  }
  const begun = performance.now()
  const answer = await decider.decide({
    endpoint,
    url: admission.url,
    body,
    contentType,
    signature,
    traceparent: traceparentOf(traceparent),
    arrivedAtMs,
  })
  const tookMs = performance.now() - begun
  if (answer.kind === 'decided') {
    const decision = { result: 'decided', tookMs } as const
    return { outcome: answer, detail: null, mismatch: null, decision }
  }
  const { reason } = answer
  const outcome = { kind: 'refused', code: 'decision_unavailable' } as const
  const decision = { result: reason, tookMs }
  return { outcome, detail: `decision service: ${reason}`, mismatch: null, decision }
}
