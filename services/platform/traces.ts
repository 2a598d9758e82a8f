/** Identifiers and counts, never a body, a header or a secret. Null and empty are left out. */
export type SpanFacts = Readonly<Record<string, string | number | null>>

export interface SpanStart {
  /**
   * Every span begins a trace of its own. A server's is kept by the ratio alone, since its callers are
   * not known yet; a consumer's is kept when one of those that led to it is.
   */
  readonly kind: 'server' | 'consumer'
  /** What led to it, each a `traceparent` as it came. One that cannot be used is left out. */
  readonly links?: readonly (string | undefined)[]
  /** Milliseconds since the epoch; now when missing. */
  readonly startedAtMs?: number
}

export interface TraceSpan {
  /** For the headers of what this span causes. */
  readonly traceparent: string
  /** Something that happened within this span and deserves one of its own. */
  child(name: string, link: string | undefined, facts: SpanFacts): void
  end(facts: SpanFacts, failed?: boolean): void
}

/** What services use of traces; null where none are made. */
export interface Tracing {
  begin(name: string, start: SpanStart): TraceSpan
  /** Sends what is left, for two seconds at most. Never throws. */
  stop(): Promise<void>
}

/** A place in a trace; the ids are those of the W3C's trace context. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  /** The lowest bit: the trace is kept. */
  readonly traceFlags: number
  readonly isRemote: true
}

/** All zeros mean none, and version ff is none. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/
/** More would be dropped by most collectors. */
const MOST_LINKS = 128
const SAMPLED = 1

/** Reads a `traceparent`; null when it says nothing. */
export function traceContextOf(text: string | undefined): TraceContext | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return null
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}

/** A place in a trace as `traceparent`. */
export function traceparentText({
  traceId,
  spanId,
  traceFlags,
}: Pick<TraceContext, 'traceId' | 'spanId' | 'traceFlags'>): string {
  return `00-${traceId}-${spanId}-0${traceFlags & SAMPLED}`
}

export function isSampled({ traceFlags }: { readonly traceFlags: number }): boolean {
  return (traceFlags & SAMPLED) === SAMPLED
}

/** Distinct places, at most 128, those whose trace is kept first. */
export function linkedContexts(texts: readonly (string | undefined)[]): readonly TraceContext[] {
  const contexts = [...new Set(texts)].flatMap((text) => traceContextOf(text) ?? [])
  const kept = contexts.filter((context) => isSampled(context))
  const others = contexts.filter((context) => !isSampled(context))
  return [...kept, ...others].slice(0, MOST_LINKS)
}
