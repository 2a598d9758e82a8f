import type { OutgoingRecord } from '#core/commit.ts'

/**
 * From when to when a process of an ingress has written down which secrets matched. That a secret
 * is not among them means something only within such a span.
 */
export interface RecordSpan {
  /** Milliseconds since the epoch. */
  readonly sinceMs: number
  /** Everything that matched before it is written. */
  readonly untilMs: number
  /** How often it is written. */
  readonly everyMs: number
}

/** The usage topic holds it beside the secrets; a key of two parts is none of theirs. */
const KIND = 'process'
/** Beyond one write that failed or was late; a process that is killed loses as much. */
const LATE_MS = 60_000

/** @param instance a name that no other process has, nor had */
export function spanRecord(topic: string, instance: string, span: RecordSpan): OutgoingRecord {
  const { sinceMs, untilMs, everyMs } = span
  const value = JSON.stringify({
    since: new Date(sinceMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    every_ms: everyMs,
  })
  const key = `${KIND}/${encodeURIComponent(instance)}`
  return { topic, partition: 0, key, value: Buffer.from(value), headers: {} }
}

/** Reads a record of the usage topic; null when it is something else. */
export function recordSpan(key: string, value: string): RecordSpan | null {
  const [kind, instance = '', ...more] = key.split('/')
  if (kind !== KIND || instance === '' || more.length > 0) return null
  try {
    const { since, until, every_ms: everyMs } = JSON.parse(value)
    const sinceMs = Date.parse(since)
    const untilMs = Date.parse(until)
    const isSound = sinceMs <= untilMs && Number.isSafeInteger(everyMs) && everyMs > 0
    return isSound ? { sinceMs, untilMs, everyMs } : null
  } catch {
    return null
  }
}

/** Until when nobody can have been missing. */
function coveredUntil({ untilMs, everyMs }: RecordSpan): number {
  return untilMs + 2 * everyMs + LATE_MS
}

/** Those that are being continued at this moment. */
export function currentSpans(spans: readonly RecordSpan[], nowMs: number): readonly RecordSpan[] {
  return spans.filter((span) => coveredUntil(span) >= nowMs)
}

/**
 * Since when matches were written down without a gap until now; null when they are not at present.
 *
 * @param nowMs milliseconds since the epoch
 */
export function recordedSince(spans: readonly RecordSpan[], nowMs: number): number | null {
  if (currentSpans(spans, nowMs).length === 0) return null
  let since = nowMs
  for (const span of spans.toSorted((a, b) => coveredUntil(b) - coveredUntil(a))) {
    if (coveredUntil(span) < since) break
    since = Math.min(since, span.sinceMs)
  }
  return since
}
