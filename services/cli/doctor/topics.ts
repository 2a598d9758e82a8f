import type { PartitionReplicas } from '#platform/kafka/replica-view.ts'
import type { DeclaredTopic, FoundTopic, SettingDifference } from '#platform/kafka/topic-plan.ts'
import { topicPlan } from '#platform/kafka/topic-plan.ts'
import type { Finding } from './finding.ts'
import { counted, fault, ok, someOf, warning } from './finding.ts'

/** What Kafka has of our topics. */
export interface TopicFacts {
  /** In the cluster. */
  readonly brokers: number
  readonly declared: readonly DeclaredTopic[]
  readonly found: readonly FoundTopic[]
  readonly replicas: readonly PartitionReplicas[]
  /** A stack of one broker on this machine, where a single copy is no surprise. */
  readonly isLocal: boolean
}

function placeOf({ topic, partition }: PartitionReplicas): string {
  return `${topic}/${partition}`
}

function minInSync(topic: FoundTopic | undefined): number {
  return Number(topic?.settings['min.insync.replicas'] ?? 1)
}

/** Whether what is acknowledged is on enough brokers, and can be written at all. */
export function clusterFindings(facts: TopicFacts): readonly Finding[] {
  const { brokers, found, replicas, isLocal } = facts
  const byName = new Map(found.map((topic) => [topic.name, topic]))
  const leaderless = replicas.filter(({ hasLeader }) => !hasLeader)
  const refusing = replicas.filter(
    (each) => each.hasLeader && each.inSync < minInSync(byName.get(each.topic)),
  )
  const behind = replicas.filter(
    (each) => each.inSync < each.copies && !leaderless.includes(each) && !refusing.includes(each),
  )
  const brittle = found.filter(
    (topic) => topic.replicationFactor > 1 && minInSync(topic) >= topic.replicationFactor,
  )
  const single = isLocal ? [] : found.filter(({ replicationFactor }) => replicationFactor === 1)
  const findings = [
    ...troubled(
      leaderless,
      fault,
      'no leader',
      'bring their brokers back: nothing of them can be written or read',
    ),
    ...troubled(
      refusing,
      fault,
      'fewer copies in step than min.insync.replicas',
      'bring brokers back: events of them are answered 503 until then',
    ),
    ...troubled(
      behind,
      warning,
      'copies that are not in step',
      'see the log of the brokers that lag or are away',
    ),
    ...brittle.map(({ name, replicationFactor }) =>
      warning(
        'cluster',
        `${name} has ${replicationFactor} copies and min.insync.replicas ${replicationFactor}`,
        'lower min.insync.replicas by one, or one broker that restarts stops its events',
      ),
    ),
    ...(single.length === 0 ? [] : [singleCopies(single)]),
  ]
  if (findings.length > 0) return findings
  const factors = [...new Set(found.map(({ replicationFactor }) => replicationFactor))].sort()
  const copies =
    factors.length === 0
      ? 'none of our topics'
      : `${factors.join(' or ')} of each partition, all in step`
  return [ok('cluster', `${counted(brokers, 'broker')}; copies: ${copies}`)]
}

function troubled(
  partitions: readonly PartitionReplicas[],
  grade: typeof fault,
  what: string,
  remedy: string,
): readonly Finding[] {
  if (partitions.length === 0) return []
  const words = `${counted(partitions.length, 'partition')} with ${what}: ${someOf(partitions.map(placeOf))}`
  return [grade('cluster', words, remedy)]
}

function singleCopies(topics: readonly FoundTopic[]): Finding {
  return warning(
    'cluster',
    `${counted(topics.length, 'topic')} with a single copy of each partition: ${someOf(topics.map(({ name }) => name))}`,
    'use three brokers with replication factor 3: a disk that is lost takes acknowledged events with it',
  )
}

const UNLIMITED = -1

/** What a setting that differs costs; null where more than declared does no harm. */
function differenceFinding({ topic, setting, declared, found }: SettingDifference): Finding | null {
  const words = `${topic} has ${setting}=${found}, declared is ${declared}`
  const [is, wanted] = [Number(found), Number(declared)]
  switch (setting) {
    case 'cleanup.policy':
      return fault(
        'topics',
        words,
        'set it as declared: events or catalogue entries are deleted otherwise',
      )
    case 'retention.ms':
      if (is === UNLIMITED || is > wanted) return null
      return fault('topics', words, 'raise it: what consumers have not handled by then is lost')
    case 'max.message.bytes':
      if (is > wanted) return null
      return fault(
        'topics',
        words,
        'raise it: large events are refused by the broker and come again for a week',
      )
    case 'min.insync.replicas':
    case 'replication.factor':
      return is > wanted
        ? null
        : warning('topics', words, 'raise it: an acknowledged event is on fewer brokers')
    default:
      return warning('topics', words, 'set it as declared')
  }
}

/** Whether every declared topic is there and as declared. */
export function topicFindings({ declared, found }: TopicFacts): readonly Finding[] {
  const { missing, conflicts, differences } = topicPlan(declared, found)
  const absent =
    missing.length === 0
      ? []
      : [
          fault(
            'topics',
            `${counted(missing.length, 'topic')} of ${declared.length} missing: ${someOf(missing.map(({ name }) => name))}`,
            'run the registrar (`schemas register`), and check TOPIC_PREFIX',
          ),
        ]
  const cut = conflicts.map(({ topic, declared: wanted, found: is }) =>
    fault(
      'topics',
      `${topic} has ${counted(is, 'partition')}, declared are ${wanted}`,
      'nothing can be done in place: tenants would change partitions; make it anew under another TOPIC_PREFIX',
    ),
  )
  const other = differences.map(differenceFinding).filter((finding) => finding !== null)
  const findings = [...absent, ...cut, ...other]
  if (findings.length > 0) return findings
  return [
    ok(
      'topics',
      `all ${declared.length} are there, with partitions, retention and sizes as declared`,
    ),
  ]
}
