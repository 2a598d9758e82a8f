import { setTimeout as delay } from 'node:timers/promises'
import type { Admin, ITopicMetadata } from 'kafkajs'
import kafkajs from 'kafkajs'
import type { Logger } from '../log.ts'
import type { KafkaConnection } from './connection.ts'
import { kafkaClient } from './connection.ts'
import { namesMissingTopic } from './consumer-crash.ts'
import type {
  DeclaredTopic,
  FoundTopic,
  PartitionConflict,
  SettingDifference,
} from './topic-plan.ts'
import { topicPlan } from './topic-plan.ts'

export type TopicsResult =
  | {
      readonly ok: true
      readonly created: readonly string[]
      readonly differences: readonly SettingDifference[]
    }
  | { readonly ok: false; readonly conflicts: readonly PartitionConflict[] }

const LEADER_POLL_MS = 100
const LEADERS_WITHIN_MS = 20_000

/** Work with an admin client of its own; closed at the end. */
export async function withAdmin<Value>(
  connection: KafkaConnection,
  log: Logger,
  work: (admin: Admin) => Promise<Value>,
): Promise<Value> {
  const admin = kafkaClient(connection, log, 2).admin()
  try {
    await admin.connect()
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

async function settingsOf(
  admin: Admin,
  topics: readonly DeclaredTopic[],
): Promise<Map<string, Readonly<Record<string, string>>>> {
  if (topics.length === 0) return new Map()
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map(({ name, settings }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: Object.keys(settings),
    })),
  })
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Object.fromEntries(
        configEntries.map(({ configName, configValue }) => [configName, configValue]),
      ),
    ]),
  )
}

async function metadataOf(admin: Admin, names: readonly string[]): Promise<ITopicMetadata[]> {
  const existing = new Set(await admin.listTopics())
  const topics = names.filter((name) => existing.has(name))
  // An empty list would mean all topics of the cluster.
  return topics.length === 0 ? [] : (await admin.fetchTopicMetadata({ topics })).topics
}

async function foundTopics(
  admin: Admin,
  declared: readonly DeclaredTopic[],
): Promise<FoundTopic[]> {
  const metadata = await metadataOf(
    admin,
    declared.map(({ name }) => name),
  )
  const there = new Set(metadata.map(({ name }) => name))
  const settings = await settingsOf(
    admin,
    declared.filter(({ name }) => there.has(name)),
  )
  return metadata.map(({ name, partitions }) => ({
    name,
    partitions: partitions.length,
    replicationFactor: partitions[0]?.replicas.length ?? 0,
    settings: settings.get(name) ?? {},
  }))
}

async function create(admin: Admin, topics: readonly DeclaredTopic[]): Promise<void> {
  if (topics.length === 0) return
  await admin.createTopics({
    // kafkajs's own wait rejects now and then although the topics are made.
    waitForLeaders: false,
    topics: topics.map(({ name, partitions, replicationFactor, settings }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor,
      configEntries: Object.entries(settings).map(([key, value]) => ({ name: key, value })),
    })),
  })
}

function hasLeaders(
  metadata: readonly ITopicMetadata[],
  topics: readonly DeclaredTopic[],
): boolean {
  const found = new Map(metadata.map(({ name, partitions }) => [name, partitions]))
  return topics.every(({ name }) => {
    const partitions = found.get(name) ?? []
    return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)
  })
}

/** Brokers hear of a new topic one after another: one that has not yet says it does not exist. */
async function areLed(admin: Admin, topics: readonly DeclaredTopic[]): Promise<boolean> {
  const names = topics.map(({ name }) => name)
  try {
    return hasLeaders(await metadataOf(admin, names), topics)
  } catch (error) {
    if (namesMissingTopic(error)) return false
    throw error
  }
}

async function awaitLeaders(admin: Admin, topics: readonly DeclaredTopic[]): Promise<void> {
  const names = topics.map(({ name }) => name)
  const deadline = performance.now() + LEADERS_WITHIN_MS
  while (!(await areLed(admin, topics))) {
    if (performance.now() > deadline) {
      throw new Error(`topics without leaders after 20 s: ${names.join(', ')}`)
    }
    await delay(LEADER_POLL_MS)
  }
}

/**
 * The declared topics that exist, as they are; changes nothing.
 *
 * @throws when Kafka cannot be reached.
 */
export async function findTopics(
  connection: KafkaConnection,
  declared: readonly DeclaredTopic[],
  log: Logger,
): Promise<readonly FoundTopic[]> {
  return await withAdmin(connection, log, (admin) => foundTopics(admin, declared))
}

/**
 * Creates what is missing and waits until every partition has a leader. A partition count that
 * differs stops everything before the first change; settings that differ are reported and left as
 * they are, since Kafka's only alteration that kafkajs knows replaces all settings of a topic.
 *
 * @throws when Kafka cannot be reached or refuses.
 */
export async function ensureTopics(
  connection: KafkaConnection,
  declared: readonly DeclaredTopic[],
  log: Logger,
): Promise<TopicsResult> {
  return await withAdmin(connection, log, async (admin) => {
    const { missing, conflicts, differences } = topicPlan(
      declared,
      await foundTopics(admin, declared),
    )
    if (conflicts.length > 0) return { ok: false, conflicts }
    await create(admin, missing)
    await awaitLeaders(admin, missing)
    // Somebody else may have made one of them in the same moment, and otherwise.
    const made = topicPlan(missing, await foundTopics(admin, missing))
    if (made.conflicts.length > 0) return { ok: false, conflicts: made.conflicts }
    return { ok: true, created: missing.map(({ name }) => name), differences }
  })
}

/**
 * The number of brokers in the cluster.
 *
 * @throws when Kafka cannot be reached.
 */
export async function clusterSize(connection: KafkaConnection, log: Logger): Promise<number> {
  return await withAdmin(
    connection,
    log,
    async (admin) => (await admin.describeCluster()).brokers.length,
  )
}
