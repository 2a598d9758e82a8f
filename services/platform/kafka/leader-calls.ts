import type { PartitionMetadata } from 'kafkajs'
import type { Attempt, OutgoingRecord } from '#core/commit.ts'
import { placeOf, placesOf } from '#core/commit.ts'

/** The part of a batch that goes to one broker, and what became of it. */
export interface LeaderCall {
  /** Node id; null while nobody has said who leads. */
  readonly leader: number | null
  readonly records: readonly OutgoingRecord[]
  readonly attempt: Attempt
  /** Time between its begin and the end of the attempt: connecting takes some of an attempt's. */
  readonly hadMs: number
}

/** The broker's own time to gather all acknowledgements of one request: one that is well answers by then. */
export const ACKS_TIMEOUT_MS = 2500

/** Our own timer, and kafkajs's for one request: the broker took it, and is silent. */
function isSilent({ attempt, hadMs }: LeaderCall): boolean {
  if (attempt.kind !== 'unknown') return false
  if (attempt.reason === 'attempt_timeout') return hadMs >= ACKS_TIMEOUT_MS
  return attempt.reason === 'KafkaJSRequestTimeoutError'
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

  /** Places that no record gets to while these brokers are silent: acks are those of all in sync. */
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
 * What has to wait for the leaders that did not answer. What depends on a silent one is stuck, in
 * the batch or not; a lost connection,
 * or a call that began too late, says nothing of the partitions that were not in it.
 */
function unanswered(calls: readonly LeaderCall[], leaders: LeaderMap): ReadonlySet<string> {
  const asked = calls.filter(({ leader, attempt }) => leader !== null && attempt.kind === 'unknown')
  const silent = new Set(asked.filter(isSilent).map(({ leader }) => leader as number))
  const own = placesOf(asked.flatMap(({ records }) => records))
  return new Set([...own, ...leaders.dependingOn(silent)])
}

/**
 * What the calls of one attempt come to. Where the call to one leader gets no answer while others
 * do, what waits for it is stuck and the rest is not. Silence of all says nothing of any.
 */
export function attemptOfCalls(calls: readonly LeaderCall[], leaders: LeaderMap): Attempt {
  const attempts = calls.map(({ attempt }) => attempt)
  const [first = { kind: 'unknown', reason: 'nothing to send' } as const] = attempts
  const refused = attempts.find(({ kind }) => kind === 'refused')
  if (refused !== undefined) return refused
  const partitions = attempts.flatMap((one) => (one.kind === 'answered' ? one.partitions : []))
  const failed = calls.filter(({ attempt }) => attempt.kind === 'failed')
  const hasAnswered = attempts.some(({ kind }) => kind === 'answered')
  if (!hasAnswered && failed.length === 0) return first
  const waiting = unanswered(calls, leaders)
  if (waiting.size > 0) {
    return { kind: 'answered', partitions, stuck: { places: waiting, isSilence: true } }
  }
  if (!hasAnswered) return failed[0]?.attempt ?? first
  if (failed.length === 0) return { kind: 'answered', partitions }
  const places = placesOf(failed.flatMap(({ records }) => records))
  return { kind: 'answered', partitions, stuck: { places, isSilence: false } }
}
