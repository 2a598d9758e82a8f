/** A topic as it should be. */
export interface DeclaredTopic {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  /** Topic settings by Kafka's own names. */
  readonly settings: Readonly<Record<string, string>>
}

/** A topic as the cluster has it. */
export interface FoundTopic {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  /** In effect, whether set on the topic or inherited from the brokers. */
  readonly settings: Readonly<Record<string, string>>
}

/** A partition count that differs: keys would land elsewhere, so nothing goes on. */
export interface PartitionConflict {
  readonly topic: string
  readonly declared: number
  readonly found: number
}

/** A setting that differs; reported, never altered in silence. */
export interface SettingDifference {
  readonly topic: string
  readonly setting: string
  readonly declared: string
  readonly found: string
}

export interface TopicPlan {
  readonly missing: readonly DeclaredTopic[]
  readonly conflicts: readonly PartitionConflict[]
  readonly differences: readonly SettingDifference[]
}

function differencesOf(declared: DeclaredTopic, found: FoundTopic): SettingDifference[] {
  const wanted = {
    ...declared.settings,
    'replication.factor': String(declared.replicationFactor),
  }
  const actual: Readonly<Record<string, string>> = {
    ...found.settings,
    'replication.factor': String(found.replicationFactor),
  }
  return Object.entries(wanted).flatMap(([setting, value]) => {
    const is = actual[setting] ?? '(unknown)'
    return is === value ? [] : [{ topic: declared.name, setting, declared: value, found: is }]
  })
}

/** What is missing, what stands in the way, and what merely differs. */
export function topicPlan(
  declared: readonly DeclaredTopic[],
  found: readonly FoundTopic[],
): TopicPlan {
  const known = new Map(found.map((topic) => [topic.name, topic]))
  const missing = declared.filter(({ name }) => !known.has(name))
  const pairs = declared.flatMap((topic) => {
    const is = known.get(topic.name)
    return is === undefined ? [] : [[topic, is] as const]
  })
  const conflicts = pairs
    .filter(([topic, is]) => topic.partitions !== is.partitions)
    .map(([topic, is]) => ({
      topic: topic.name,
      declared: topic.partitions,
      found: is.partitions,
    }))
  return {
    missing,
    conflicts,
    differences: pairs.flatMap(([topic, is]) => differencesOf(topic, is)),
  }
}
