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

/**
 * Looks at a cluster over one connection.
 *
 * @throws what the work throws, and when Kafka cannot be reached.
 */
export async function viewCluster<Value>(
  connection: KafkaConnection,
  log: Logger,
  work: (view: ClusterView) => Promise<Value>,
): Promise<Value> {
  return await withAdmin(connection, log, (admin) =>
    work({
      ranges: (topics) => rangesOf(admin, topics),
      memberships: (groupIds) => membershipsOf(admin, groupIds),
      offsetsAt: (topic, timestampMs) => offsetsAt(admin, topic, timestampMs),
    }),
  )
}
