import type { HandledDomain } from '#core/routing.ts'
import type { Answer } from '#local/sender.ts'
import type { Finding } from './finding.ts'
import { fault } from './finding.ts'

/** What the consumer wrote down of an event. */
export interface SeenEffect {
  /** As the inbox has it: `history_only`, `applied`, `parked`, `set_aside`, … */
  readonly outcome: string
  /** From the ingress's answer until it was seen. */
  readonly tookMs: number
}

/** How a test event fared. */
export interface SentEvent {
  readonly url: string
  readonly eventId: string
  readonly endpointId: string
  readonly tenantId: string
  readonly domain: HandledDomain
  readonly answer: Answer
  /** Null when nothing was seen in time, or was not looked for since the answer was no 200. */
  readonly effect: SeenEffect | null
  readonly withinMs: number
}

const HANDLED: readonly string[] = ['applied', 'stale', 'history_only']

function unansweredFinding(url: string, reason: string): Finding {
  const remedy =
    'check the URL, that the ingress runs and is ready (`/readyz`), and network policies'
  return fault('send', `${url} did not answer (${reason})`, remedy)
}

/** The code of our own answers; anything else may be a proxy's page. */
function codeOf(body: string): string {
  try {
    const { code } = JSON.parse(body) as { code?: unknown }
    return typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? ` ${code}` : ''
  } catch {
    return ''
  }
}

function figuresOf({ eventId, endpointId, answer, effect }: SentEvent): Finding['figures'] {
  const at = answer.kind === 'answered' ? answer.at : null
  return {
    event_id: eventId,
    endpoint_id: endpointId,
    status: answer.kind === 'answered' ? answer.status : null,
    record: at === null ? null : `${at.topic}/${at.partition}/${at.offset}`,
    answered_ms: answer.tookMs,
    handled_ms: effect?.tookMs ?? null,
  }
}

function verdict(sent: SentEvent): Finding {
  const { answer, effect, eventId, endpointId, tenantId, domain, url, withinMs } = sent
  if (answer.kind === 'unanswered') return unansweredFinding(url, answer.reason)
  const { status, tookMs } = answer
  const sentence = `${eventId} for ${endpointId} (${tenantId}) was answered ${status}${codeOf(answer.body)} after ${tookMs} ms`
  if (status !== 200) {
    return fault(
      'send',
      sentence,
      'the README says what each answer means, and the log of the ingress has a line on it',
    )
  }
  if (effect === null) {
    const seconds = Math.round(withinMs / 1000)
    return fault(
      'send',
      `${sentence} and is stored, but the consumer of ${domain} has not handled it within ${seconds} s`,
      'see `consumers status`, and whether the consumer is ready',
    )
  }
  if (!HANDLED.includes(effect.outcome)) {
    return fault(
      'send',
      `${sentence}; the consumer of ${domain}: ${effect.outcome}`,
      'see `parked list`',
    )
  }
  const words = `${sentence} and handled by the consumer of ${domain} ${effect.tookMs} ms later`
  return { check: 'send', grade: 'ok', words, remedy: null }
}

/** Whether an event finds its way from the ingress to its effect, and how long each leg took. */
export function sendFindings(sent: SentEvent): readonly Finding[] {
  return [{ ...verdict(sent), figures: figuresOf(sent) ?? {} }]
}
