import type { Mode } from '#core/routing.ts'
import { FAMILIES } from '#core/routing.ts'
import type { FetchedBatch, FetchedRecord } from '#platform/kafka/fetched-batch.ts'
import type { Logger } from '#platform/log.ts'
import { errorFields } from '#platform/log.ts'
import type { DatabaseFailure } from '#platform/postgres/failure.ts'
import type { TraceSpan, Tracing } from '#platform/traces.ts'
import type { BatchDone, HandledEvent } from './batch.ts'
import type { DomainEvent } from './contract.ts'
import type { Place } from './fence.ts'
import type { GapCount } from './gaps.ts'
import type { ConsumerMetrics } from './metrics.ts'
import type { BatchPlan } from './plan.ts'
import type { SetAside } from './set-aside.ts'

const KNOWN_FAMILIES: ReadonlySet<string> = new Set(FAMILIES)

/** The first part of an event type when it is a known one: metric labels must stay few. */
function familyLabel(type: string): string {
  const [family = ''] = type.split('.', 1)
  return KNOWN_FAMILIES.has(family) ? family : 'unknown'
}

/** Logs, counts and traces what happened to records; the only place that does. */
export class Report {
  readonly #log: Logger
  readonly #metrics: ConsumerMetrics
  readonly #mode: Mode
  readonly #tracing: Tracing | null

  constructor(log: Logger, metrics: ConsumerMetrics, mode: Mode, tracing: Tracing | null) {
    this.#log = log
    this.#metrics = metrics
    this.#mode = mode
    this.#tracing = tracing
  }

  committed(place: Place, plan: BatchPlan, result: BatchDone, ms: number): void {
    this.#metrics.batchSeconds.observe({ mode: this.#mode }, ms / 1000)
    for (const handled of result.handled) this.#handled(place, handled)
    for (const event of result.parked) this.#parked(place, event)
    this.#gaps(place, result.gaps)
    for (const aside of result.setAside) this.#setAside(place, aside)
    if (this.#tracing !== null) traceBatch(this.#tracing, place, plan, result, ms)
  }

  lag({ partition, highWatermark }: FetchedBatch, nextOffset: bigint): void {
    const labels = { mode: this.#mode, partition: String(partition) }
    this.#metrics.lag.set(labels, Math.max(0, Number(highWatermark - nextOffset)))
  }

  fenced(place: Place): void {
    this.#metrics.fenced.inc({ mode: this.#mode })
    this.#log.warn({ event: 'batch.fenced', ...placeFields(place) })
  }

  retried(place: Place, fault: Exclude<DatabaseFailure, 'data'>, tries: number, error: unknown) {
    this.#metrics.retries.inc({ mode: this.#mode, fault })
    const fields = { ...placeFields(place), fault, tries, ...errorFields(error) }
    if (fault === 'unknown') this.#log.error({ event: 'batch.retry', ...fields })
    else this.#log.warn({ event: 'batch.retry', ...fields })
  }

  offsetJump(
    place: Place,
    kind: 'seek_back' | 'lost' | 'topic_reset' | 'gap',
    fields: Readonly<Record<string, bigint>>,
  ): void {
    this.#metrics.offsetJumps.inc({ mode: this.#mode, kind })
    const offsets = Object.entries(fields).map(([name, offset]) => [name, offset.toString()])
    const line = { event: 'offset.jump', kind, ...placeFields(place) }
    const all = { ...line, ...Object.fromEntries(offsets) }
    if (kind === 'lost' || kind === 'topic_reset') this.#log.error(all)
    else this.#log.warn(all)
  }

  #handled(place: Place, handled: HandledEvent): void {
    const { planned, outcome, unknownType = false, impossible } = handled
    const { event, offset } = planned.reading
    this.#metrics.records.inc({ mode: this.#mode, family: familyLabel(event.type), outcome })
    if (unknownType) this.#metrics.unknownTypes.inc({ mode: this.#mode })
    if (impossible !== undefined) {
      this.#metrics.impossibleTransitions.inc({ mode: this.#mode, resource: impossible })
    }
    const usual =
      (outcome === 'applied' || outcome === 'duplicate') && !unknownType && impossible === undefined
    if (!this.#log.isLevelEnabled(usual ? 'debug' : 'info')) return
    const fields = {
      event: 'record.processed',
      outcome,
      ...placeFields(place),
      offset: offset.toString(),
      event_id: event.id,
      event_type: event.type,
      api_version: event.apiVersion,
      tenant_id: event.tenantId,
      ...(unknownType ? { unknown_type: true } : {}),
      ...(impossible === undefined ? {} : { impossible_transition: impossible }),
    }
    if (usual) this.#log.debug(fields)
    else this.#log.info(fields)
  }

  #gaps(place: Place, { found, closed }: GapCount): void {
    if (closed > 0) this.#metrics.gapsClosed.inc({ mode: this.#mode }, closed)
    if (found === 0) return
    this.#metrics.gapsFound.inc({ mode: this.#mode }, found)
    this.#log.warn({ event: 'gaps.found', ...placeFields(place), found })
  }

  #parked(place: Place, event: DomainEvent): void {
    this.#metrics.records.inc({
      mode: this.#mode,
      family: familyLabel(event.type),
      outcome: 'parked',
    })
    this.#log.warn({
      event: 'record.parked',
      ...placeFields(place),
      event_id: event.id,
      event_type: event.type,
      api_version: event.apiVersion,
      tenant_id: event.tenantId,
    })
  }

  #setAside(place: Place, { record, reason, eventId, sqlState, cause }: SetAside): void {
    this.#metrics.setAside.inc({ mode: this.#mode, reason })
    this.#metrics.records.inc({ mode: this.#mode, family: 'unknown', outcome: 'set_aside' })
    const line = {
      event: 'record.set_aside',
      reason,
      ...placeFields(place),
      offset: record.offset.toString(),
      event_id: eventId,
      sql_state: sqlState,
      cause: cause?.fingerprint ?? null,
    }
    // The sender never changes an event: somebody else signed one of the two, or there is a bug.
    if (reason === 'id_conflict') this.#log.error(line)
    else this.#log.warn(line)
  }
}

function placeFields({ groupId, topic, partition }: Place) {
  return { group: groupId, topic, partition }
}

/** One span for the transaction, linked to those that its records came from. */
function traceBatch(
  tracing: Tracing,
  place: Place,
  plan: BatchPlan,
  result: BatchDone,
  ms: number,
): void {
  const planned = [...plan.events, ...plan.repeated]
  const records = [...planned, ...plan.setAside].map(({ record }) => record)
  const span = tracing.begin('batch.handled', {
    kind: 'consumer',
    links: records.map(({ headers }) => headers.traceparent),
    startedAtMs: Date.now() - ms,
  })
  const recordOf = new Map(planned.map(({ reading, record }) => [reading.event, record]))
  for (const event of result.parked) traceParked(span, event, recordOf.get(event))
  for (const aside of result.setAside) traceSetAside(span, aside)
  span.end({ ...placeFields(place), records: records.length, ...outcomeCounts(result) })
}

function traceParked(span: TraceSpan, event: DomainEvent, record: FetchedRecord | undefined): void {
  span.child('record.parked', record?.headers.traceparent, {
    offset: record?.offset.toString() ?? null,
    event_id: event.id,
    event_type: event.type,
    api_version: event.apiVersion,
    tenant_id: event.tenantId,
  })
}

function traceSetAside(span: TraceSpan, { record, reason, eventId }: SetAside): void {
  span.child('record.set_aside', record.headers.traceparent, {
    offset: record.offset.toString(),
    event_id: eventId,
    reason,
  })
}

/** How many records came to which end. */
function outcomeCounts({ handled, parked, setAside }: BatchDone): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outcome } of handled) counts[outcome] = (counts[outcome] ?? 0) + 1
  return { ...counts, parked: parked.length, set_aside: setAside.length }
}
