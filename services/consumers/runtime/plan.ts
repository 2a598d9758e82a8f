import type { FetchedRecord } from '#platform/kafka/fetched-batch.ts'
import type { DomainConsumer } from './contract.ts'
import type { ResourceState } from './projection.ts'
import { statesOf } from './projection.ts'
import type { ReadableRecord, Reading, ReadingContext } from './reading.ts'
import { readRecord } from './reading.ts'
import type { SetAside } from './set-aside.ts'

/** One event of a batch with what it shows. */
export interface PlannedEvent {
  readonly record: FetchedRecord
  readonly reading: ReadableRecord
  readonly states: readonly ResourceState[]
  /** What a caster threw, if one did: a fault of ours that hits this event every time. */
  readonly failure: unknown
}

/** A batch, understood as far as possible, before the database is asked anything. */
export interface BatchPlan {
  /** In the order of their records. */
  readonly events: readonly PlannedEvent[]
  /** Later copies of an event of the same batch. */
  readonly repeated: readonly PlannedEvent[]
  readonly setAside: readonly SetAside[]
}

function planned(
  domain: DomainConsumer,
  record: FetchedRecord,
  reading: Reading,
): PlannedEvent | SetAside {
  if (reading.kind === 'set_aside') {
    const { reason, eventId } = reading
    return { record, reason, eventId, sqlState: null, cause: null }
  }
  try {
    return { record, reading, states: statesOf(domain, reading.event, reading.body), failure: null }
  } catch (error) {
    return { record, reading, states: [], failure: error ?? 'nothing' }
  }
}

/** Reads and projects every record of a batch. Pure, and never throws. */
export function planBatch(
  domain: DomainConsumer,
  records: readonly FetchedRecord[],
  context: ReadingContext,
): BatchPlan {
  const events: PlannedEvent[] = []
  const repeated: PlannedEvent[] = []
  const setAside: SetAside[] = []
  const seen = new Set<string>()
  for (const record of records) {
    const result = planned(domain, record, readRecord(record, context))
    if ('reason' in result) {
      setAside.push(result)
      continue
    }
    const { tenantId, id } = result.reading.event
    const key = `${tenantId}\n${id}\n${result.reading.event.createdMs}`
    const target = seen.has(key) ? repeated : events
    seen.add(key)
    target.push(result)
  }
  return { events, repeated, setAside }
}

/** The tables that an event touches, separated by commas; empty for the history alone. */
export function effectOf({ states }: PlannedEvent): string {
  return states.map(({ projection }) => projection.table).join(',')
}
