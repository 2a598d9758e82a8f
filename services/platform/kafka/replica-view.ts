import type { Logger } from '../log.ts'
import type { KafkaConnection } from './connection.ts'
import { withAdmin } from './topics.ts'

/** How many copies of a partition there are, and how many of them are in step. */
export interface PartitionReplicas {
  readonly topic: string
  readonly partition: number
  readonly hasLeader: boolean
  readonly copies: number
  readonly inSync: number
}

/**
 * The copies of every partition of these topics; of topics that do not exist there are none.
 *
 * @throws when Kafka cannot be reached
 */
export async function partitionReplicas(
  connection: KafkaConnection,
  names: readonly string[],
  log: Logger,
): Promise<readonly PartitionReplicas[]> {
  return await withAdmin(connection, log, async (admin) => {
    const existing = new Set(await admin.listTopics())
    const topics = names.filter((name) => existing.has(name))
    // An empty list would mean all topics of the cluster.
    if (topics.length === 0) return []
    const metadata = await admin.fetchTopicMetadata({ topics })
    return metadata.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionId, leader, replicas, isr }) => ({
        topic: name,
        partition: partitionId,
        hasLeader: leader >= 0,
        copies: replicas.length,
        inSync: isr.length,
      })),
    )
  })
}
