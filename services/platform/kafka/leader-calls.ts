import type { PartitionMetadata } from 'kafkajs'
import type { Attempt, OutgoingRecord, Stuck } from '#core/commit.ts'
import { placeOf, placesOf } from '#core/commit.ts'

/** The part of a batch that goes to one broker, and what became of it. */
export interface LeaderCall {
  /** Node id; null while nobody has said who leads. */
  readonly leader: number | null
  readonly records: readonly OutgoingRecord[]
  readonly attempt: Attempt
}

/** Who leads which partition and who has to have its records, as a producer last heard of it. */
export class LeaderMap {
  readonly #topics = new Map<string, readonly PartitionMetadata[]>()

  heard(topic: string, partitions: readonly PartitionMetadata[]): void {
    this.#topics.set(topic, partitions)
  }

  /** The records of a batch by their leaders; their order stays. */
  grouped(batch: readonly OutgoingRecord[]): ReadonlyMap<number | null, OutgoingRecord[]> {
    return Map.groupBy(batch, ({ topic, partition }) => {
      const found = this.#topics.get(topic)?.find((each) => each.partitionId === partition)
      return found?.leader ?? null
    })
  }

  /** Places that no record gets to while these brokers are away: acks are those of all in sync. */
  dependingOn(brokers: ReadonlySet<number>): ReadonlySet<string> {
    const places = [...this.#topics].flatMap(([topic, partitions]) =>
      partitions
        .filter(({ leader, isr }) => brokers.has(leader) || isr.some((node) => brokers.has(node)))
        .map(({ partitionId }) => placeOf(topic, partitionId)),
    )
    return new Set(places)
  }
}

/**
 * What has to wait after calls that were not all answered. What depends on an absent broker is
 * stuck, in the batch or not, and explains what else of the batch is not covered; a call without
 * an answer says nothing of the partitions that were not in it.
 */
function stuckAfter(
  calls: readonly LeaderCall[],
  leaders: LeaderMap,
  absent: ReadonlySet<number>,
): Stuck | null {
  const dependants = leaders.dependingOn(absent)
  if (dependants.size > 0) return { places: dependants, cause: 'absence' }
  const placesWhere = (kind: Attempt['kind']) =>
    placesOf(
      calls
        .filter(({ leader, attempt }) => attempt.kind === kind && leader !== null)
        .flatMap(({ records }) => records),
    )
  const unanswered = placesWhere('unknown')
  if (unanswered.size > 0) return { places: unanswered, cause: 'silence' }
  const failed = placesWhere('failed')
  return failed.size > 0 ? { places: failed, cause: 'error' } : null
}

/**
 * What the calls of one attempt come to. Where the call to one leader gets no answer while others
 * do, what waits for it is stuck and the rest is not. Silence of all says nothing of any.
 *
 * @param absent node ids of brokers that answer nobody, as far as is known
 */
export function attemptOfCalls(
  calls: readonly LeaderCall[],
  leaders: LeaderMap,
  absent: ReadonlySet<number>,
): Attempt {
  const attempts = calls.map(({ attempt }) => attempt)
  const [first = { kind: 'unknown', reason: 'nothing to send' } as const] = attempts
  const refused = attempts.find(({ kind }) => kind === 'refused')
  if (refused !== undefined) return refused
  const partitions = attempts.flatMap((one) => (one.kind === 'answered' ? one.partitions : []))
  if (attempts.length > 0 && attempts.every(({ kind }) => kind === 'answered')) {
    return { kind: 'answered', partitions }
  }
  const stuck = stuckAfter(calls, leaders, absent)
  const kinds = new Set(attempts.map(({ kind }) => kind))
  if (kinds.size < 2 && stuck?.cause !== 'absence') return first
  return stuck === null ? { kind: 'answered', partitions } : { kind: 'answered', partitions, stuck }
}
