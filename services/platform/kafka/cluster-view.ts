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

/**
 * One topic after another: on a cluster of several brokers kafkajs loses sight of some of the topics
 * that one admin client is asked of at once, and ends with a TypeError.
 */
async function rangesOf(admin: Admin, topics: readonly string[]) {
  const existing = new Set(await admin.listTopics())
  const found = new Map<string, readonly PartitionRange[]>()
  for (const topic of topics.filter((name) => existing.has(name))) {
    const offsets = await admin.fetchTopicOffsets(topic)
    const ranges = offsets.map(({ partition, low, high }) => ({
      partition,
      low: BigInt(low),
      high: BigInt(high),
    }))
    found.set(
      topic,
      ranges.sort((a, b) => a.partition - b.partition),
    )
  }
  return found
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

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** Whether a busy cluster explains the failure: kafkajs calls it passing, and somebody listened. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const isGivenUp = error.name === 'KafkaJSNumberOfRetriesExceeded'
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
