import type { FastifyRequest } from 'fastify'
import type { TraceSpan, Tracing } from '#platform/traces.ts'
import type { Answered } from './report.ts'
import { lineOf } from './report.ts'

/** Two of them say nothing (W3C trace context, section 2.3). */
export function callersTraceparent({ raw }: FastifyRequest): string | undefined {
  const { traceparent = [] } = raw.headersDistinct
  return traceparent.length === 1 ? traceparent[0] : undefined
}

/** What a span tells of its request: the identifiers of the line about it. */
const TOLD_BY_SPANS = [
  'status',
  'outcome',
  'reason',
  'endpoint_id',
  'tenant_id',
  'mode',
  'event_id',
  'event_type',
  'api_version',
  'topic',
  'partition',
  'offset',
] as const

/** The spans of the requests in hand. */
export class RequestSpans {
  readonly #tracing: Tracing
  readonly #spans = new WeakMap<FastifyRequest, TraceSpan>()

  constructor(tracing: Tracing) {
    this.#tracing = tracing
  }

  begin(request: FastifyRequest): void {
    const links = [callersTraceparent(request)]
    const span = this.#tracing.begin('webhook.received', { kind: 'server', links })
    this.#spans.set(request, span)
  }

  traceparentOf(request: FastifyRequest): string | undefined {
    return this.#spans.get(request)?.traceparent
  }

  end(request: FastifyRequest, answered: Answered): void {
    const span = this.#spans.get(request)
    if (span === undefined) return
    const line = lineOf(answered)
    const facts = Object.fromEntries(TOLD_BY_SPANS.map((name) => [name, line[name]]))
    span.end(facts, answered.answer.status >= 500)
  }
}
