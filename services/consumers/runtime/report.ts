import type { Mode } from '#core/routing.ts'
import type { FetchedBatch } from '#platform/kafka/fetched-batch.ts'
import type { Logger } from '#platform/log.ts'
import { errorFields } from '#platform/log.ts'
import type { DatabaseFailure } from '#platform/postgres/failure.ts'
import type { BatchResult, HandledEvent } from './batch.ts'
import type { Place } from './fence.ts'
import type { ConsumerMetrics } from './metrics.ts'
import type { SetAside } from './set-aside.ts'

const FAMILIES: ReadonlySet<string> = new Set([
  'pass',
  'pass_template',
  'card',
  'dispute',
  'settlement',
  'payout',
  'cardholder',
  'program',
])

/** The first part of an event type when it is a known one: metric labels must stay few. */
function familyLabel(type: string): string {
  const [family = ''] = type.split('.', 1)
  return FAMILIES.has(family) ? family : 'unknown'
}

/** Logs and counts what happened to records; the only place that does. */
export class Report {
  readonly #log: Logger
  readonly #metrics: ConsumerMetrics
  readonly #mode: Mode

  constructor(log: Logger, metrics: ConsumerMetrics, mode: Mode) {
    this.#log = log
    this.#metrics = metrics
    this.#mode = mode
  }

  committed(place: Place, result: Extract<BatchResult, { kind: 'committed' }>, ms: number): void {
    this.#metrics.batchSeconds.observe({ mode: this.#mode }, ms / 1000)
    for (const handled of result.handled) this.#handled(place, handled)
    for (const aside of result.setAside) this.#setAside(place, aside)
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

  #handled(place: Place, { planned, outcome }: HandledEvent): void {
    const { event, offset } = planned.reading
    this.#metrics.records.inc({ mode: this.#mode, family: familyLabel(event.type), outcome })
    const usual = outcome === 'applied' || outcome === 'duplicate'
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
    }
    if (usual) this.#log.debug(fields)
    else this.#log.info(fields)
  }

  #setAside(place: Place, { record, reason, eventId, sqlState }: SetAside): void {
    this.#metrics.setAside.inc({ mode: this.#mode, reason })
    this.#metrics.records.inc({ mode: this.#mode, family: 'unknown', outcome: 'set_aside' })
    this.#log.warn({
      event: 'record.set_aside',
      reason,
      ...placeFields(place),
      offset: record.offset.toString(),
      event_id: eventId,
      sql_state: sqlState,
    })
  }
}

function placeFields({ groupId, topic, partition }: Place) {
  return { group: groupId, topic, partition }
}
