import { setTimeout as delay } from 'node:timers/promises'
import type { Link, Span, Tracer } from '@opentelemetry/api'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { Sampler, SamplingResult, SpanExporter } from '@opentelemetry/sdk-trace'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from './log.ts'
import { errorFields } from './log.ts'
import type { SpanFacts, SpanStart, TraceSpan, Tracing } from './traces.ts'
import { isSampled, linkedContexts, traceparentText } from './traces.ts'

export interface OtlpTracingOptions {
  /** Where the collector takes traces. */
  readonly url: string
  /** 0 to 1. */
  readonly sampleRatio: number
  readonly service: string
  readonly log: Logger
}

const KINDS = { server: SpanKind.SERVER, consumer: SpanKind.CONSUMER } as const
const EXPORT_TIMEOUT_MS = 5000
const EXPORT_EVERY_MS = 1000
const FLUSH_CAP_MS = 2000
/** What `ExportResult.code` calls a success; its names are in a package that we do not need. */
const SUCCESS = 0

/**
 * Which traces are kept. A server's by ratio alone: what anybody on the internet says of sampling
 * decides nothing here. What was led to by our own spans is kept when one of them is.
 */
class RootSampler implements Sampler {
  readonly #ratio: Sampler

  constructor(ratio: number) {
    this.#ratio = new TraceIdRatioBasedSampler(ratio)
  }

  shouldSample(...given: Parameters<Sampler['shouldSample']>): SamplingResult {
    const [, , , kind, , links] = given
    if (kind === SpanKind.SERVER || links.length === 0) return this.#ratio.shouldSample(...given)
    const kept = links.some(({ context }) => isSampled(context))
    return { decision: kept ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD }
  }
}

/** A collector that is away costs a line at debug and the spans. */
class QuietExporter implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #log: Logger

  constructor(exporter: SpanExporter, log: Logger) {
    this.#exporter = exporter
    this.#log = log
  }

  export(...[spans, done]: Parameters<SpanExporter['export']>): void {
    this.#exporter.export(spans, ({ code, error }) => {
      if (code !== SUCCESS) {
        const fields = error === undefined ? {} : errorFields(error)
        this.#log.debug({ event: 'traces.not_exported', spans: spans.length, ...fields })
      }
      done({ code: SUCCESS })
    })
  }

  async shutdown(): Promise<void> {
    await this.#exporter.shutdown()
  }
}

function linksTo(texts: readonly (string | undefined)[]): Link[] {
  return linkedContexts(texts).map((context) => ({ context }))
}

function given(facts: SpanFacts): Record<string, string | number> {
  const told = Object.entries(facts).filter(
    (fact): fact is [string, string | number] => fact[1] !== null && fact[1] !== '',
  )
  return Object.fromEntries(told)
}

class OtlpSpan implements TraceSpan {
  readonly #tracer: Tracer
  readonly #span: Span

  constructor(tracer: Tracer, span: Span) {
    this.#tracer = tracer
    this.#span = span
  }

  get traceparent(): string {
    return traceparentText(this.#span.spanContext())
  }

  child(name: string, link: string | undefined, facts: SpanFacts): void {
    const within = trace.setSpan(ROOT_CONTEXT, this.#span)
    const options = { links: linksTo([link]), attributes: given(facts) }
    this.#tracer.startSpan(name, options, within).end()
  }

  end(facts: SpanFacts, failed = false): void {
    this.#span.setAttributes(given(facts))
    if (failed) this.#span.setStatus({ code: SpanStatusCode.ERROR })
    this.#span.end()
  }
}

/** Traces by OpenTelemetry's SDK; nothing of it becomes global. Loaded only when it is wanted. */
export class OtlpTracing implements Tracing {
  readonly #provider: TracerProvider
  readonly #tracer: Tracer

  constructor({ url, sampleRatio, service, log }: OtlpTracingOptions) {
    const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS })
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': service,
        'service.namespace': 'event-router',
      }),
      sampler: new ParentBasedSampler({ root: new RootSampler(sampleRatio) }),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: new QuietExporter(exporter, log),
          scheduledDelayMillis: EXPORT_EVERY_MS,
          exportTimeoutMillis: 2 * EXPORT_TIMEOUT_MS,
        }),
      ],
    })
    this.#tracer = this.#provider.getTracer('event-router')
  }

  begin(name: string, { kind, links = [], startedAtMs }: SpanStart): TraceSpan {
    const options = { kind: KINDS[kind], links: linksTo(links) }
    const startTime = startedAtMs === undefined ? {} : { startTime: startedAtMs }
    return new OtlpSpan(
      this.#tracer,
      this.#tracer.startSpan(name, { ...options, ...startTime }, ROOT_CONTEXT),
    )
  }

  async stop(): Promise<void> {
    const flushed = this.#provider.shutdown().catch(() => undefined)
    await Promise.race([flushed, delay(FLUSH_CAP_MS, undefined, { ref: false })])
  }
}
