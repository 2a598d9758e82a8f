import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import type { Logger } from '../log.ts'
import type { KafkaConnection } from './connection.ts'
import { withAdmin } from './topics.ts'

/** What a partition holds: from `low` to before `high`. */
export interface PartitionRange {
  readonly partition: number
  readonly low: bigint
  /** One after the last record. */
  readonly high: bigint
}

/** A consumer group as its coordinator sees it. */
export interface GroupMembership {
  /** Kafka's word, e.g. `Stable`, `Empty`; `Dead` when the group is unknown. */
  readonly state: string
  readonly members: number
}

/** What a cluster says of topics and groups; asked, never changed. */
export interface ClusterView {
  /** By topic; topics that do not exist are left out. */
  ranges(topics: readonly string[]): Promise<ReadonlyMap<string, readonly PartitionRange[]>>
  memberships(groupIds: readonly string[]): Promise<ReadonlyMap<string, GroupMembership>>
  /** By partition, the first offset whose record is not older; the end when there is none. */
  offsetsAt(topic: string, timestampMs: number): Promise<ReadonlyMap<number, bigint>>
}

async function rangesOf(admin: Admin, topics: readonly string[]) {
  const existing = new Set(await admin.listTopics())
  const found = topics.filter((topic) => existing.has(topic))
  const pairs = await Promise.all(
    found.map(async (topic) => {
      const offsets = await admin.fetchTopicOffsets(topic)
      const ranges = offsets.map(({ partition, low, high }) => ({
        partition,
        low: BigInt(low),
        high: BigInt(high),
      }))
      return [topic, ranges.sort((a, b) => a.partition - b.partition)] as const
    }),
  )
  return new Map(pairs)
}

async function membershipsOf(admin: Admin, groupIds: readonly string[]) {
  const { groups } = await admin.describeGroups([...groupIds])
  return new Map(
    groups.map(({ groupId, state, members }) => [groupId, { state, members: members.length }]),
  )
}

async function offsetsAt(admin: Admin, topic: string, timestampMs: number) {
  const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timestampMs)
  return new Map(offsets.map(({ partition, offset }) => [partition, BigInt(offset)]))
}

/** No attempt begins later than this after the first one. */
const PATIENCE_MS = 10_000
const PAUSE_MS = 250

/** Nobody listens there, or the name means nothing: waiting does not help. */
const NOBODY: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND'])

/**
 * What kafkajs says when it has tried for long enough, and at once, without trying, when a broker did
 * not tell a group's coordinator, or told one that the client has not heard of yet: as in the first
 * seconds of a group.
 */
const GIVEN_UP: ReadonlySet<string> = new Set([
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSBrokerNotFound',
])

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** Whether a busy cluster explains the failure: kafkajs calls it passing, and somebody listened. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const isGivenUp = GIVEN_UP.has(error.name)
  const isRetriable = 'retriable' in error && error.retriable === true
  return (isGivenUp || isRetriable) && ![error, error.cause].some((one) => NOBODY.has(codeOf(one)))
}

/**
 * Looks at a cluster, each time over one connection; a busy one is asked again for 10 s, so the work
 * only asks.
 *
 * @throws what the work throws, and when Kafka cannot be reached.
 */
export async function viewCluster<Value>(
  connection: KafkaConnection,
  log: Logger,
  work: (view: ClusterView) => Promise<Value>,
): Promise<Value> {
  const begun = performance.now()
  for (;;) {
    try {
      return await withAdmin(connection, log, (admin) =>
        work({
          ranges: (topics) => rangesOf(admin, topics),
          memberships: (groupIds) => membershipsOf(admin, groupIds),
          offsetsAt: (topic, timestampMs) => offsetsAt(admin, topic, timestampMs),
        }),
      )
    } catch (error) {
      if (!isPassing(error) || performance.now() - begun > PATIENCE_MS) throw error
      await delay(PAUSE_MS)
    }
  }
}
