import type { GroupPosition } from '#consumers/runtime/status.ts'
import { groupPositions, groupTroubles } from '#consumers/runtime/status.ts'
import type { HandledDomain, Mode } from '#core/routing.ts'
import { consumerGroup, eventTopic, HANDLED_DOMAINS, MODES } from '#core/routing.ts'
import { DATABASE_SETTINGS, KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import type { GroupMembership, PartitionRange } from '#platform/kafka/cluster-view.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import { readBacklogs } from './backlog-sample.ts'
import { withDatabase } from './database-access.ts'
import { failure } from './fault.ts'
import type { GroupFacts, GroupName, GroupStatus } from './group-status.ts'
import { groupStatus, statusLines } from './group-status.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface StatusOptions {
  readonly json?: true
}

/** The service whose groups are shown also when they have never run. */
const DEFAULT_SERVICE = 'projector'
const log = createLogger({ service: 'cli', level: 'silent' })

interface Place {
  readonly mode: Mode
  readonly domain: HandledDomain
  readonly topic: string
}

function placesOf(prefix: string): readonly Place[] {
  return MODES.flatMap((mode) =>
    HANDLED_DOMAINS.map((domain) => ({ mode, domain, topic: eventTopic(prefix, mode, domain) })),
  )
}

/** Every group that has ever handled something of ours, and those that should. */
function groupsOf(
  prefix: string,
  expected: readonly string[],
  positions: readonly GroupPosition[],
): readonly GroupName[] {
  return placesOf(prefix).flatMap(({ mode, domain, topic }) => {
    const own = expected.filter((groupId) => groupId.startsWith(`${topic}.`))
    const known = positions.filter((position) => position.topic === topic)
    const ids = new Set([...own, ...known.map(({ groupId }) => groupId)])
    return [...ids].sort().map((groupId) => {
      const service = groupId.startsWith(`${topic}.`) ? groupId.slice(topic.length + 1) : groupId
      return { mode, domain, topic, groupId, service }
    })
  })
}

interface KafkaFacts {
  readonly ranges: ReadonlyMap<string, readonly PartitionRange[]>
  readonly memberships: ReadonlyMap<string, GroupMembership>
}

async function kafkaFacts(
  connection: KafkaConnection,
  groups: readonly GroupName[],
): Promise<KafkaFacts> {
  const topics = [...new Set(groups.map(({ topic }) => topic))]
  const groupIds = groups.map(({ groupId }) => groupId)
  try {
    return await viewCluster(connection, log, async (view) => {
      const [ranges, memberships] = await Promise.all([
        view.ranges(topics),
        view.memberships(groupIds),
      ])
      return { ranges, memberships }
    })
  } catch {
    throw failure(`Kafka at ${connection.brokers.join(', ')} cannot be reached; is it running?`)
  }
}

/** What the groups of an installation are asked by. */
export interface GroupsAccess {
  readonly connection: KafkaConnection
  readonly topicPrefix: string
  readonly databaseUrl: string
  /** Names of groups that are told of also when they have never run. */
  readonly expected: readonly string[]
  readonly stopped: AbortSignal
}

/**
 * How every consumer group stands, those of all services that have ever run.
 *
 * @throws CliFault when Kafka or Postgres is away
 */
export async function groupStatuses(access: GroupsAccess): Promise<readonly GroupStatus[]> {
  const { connection, topicPrefix, databaseUrl, expected, stopped } = access
  const topics = placesOf(topicPrefix).map(({ topic }) => topic)
  const { groups, positions, troubles } = await withDatabase(databaseUrl, (database) =>
    database.session(async (session) => {
      // Before Kafka is asked for the ends, or a busy consumer would seem to be ahead of them.
      const found = await groupPositions(session, topics)
      const names = groupsOf(topicPrefix, expected, found)
      const ids = names.map(({ groupId }) => groupId)
      return { groups: names, positions: found, troubles: await groupTroubles(session, ids) }
    }),
  )
  const { ranges, memberships } = await kafkaFacts(connection, groups)
  const facts = groups.map((name): GroupFacts => {
    const position = positions.find(
      ({ groupId, topic }) => groupId === name.groupId && topic === name.topic,
    )
    return {
      name,
      ranges: ranges.get(name.topic) ?? null,
      nextOffsets: position?.nextOffsets ?? new Map(),
      membership: memberships.get(name.groupId) ?? { state: 'Dead', members: 0 },
      troubles: troubles.get(name.groupId) ?? null,
    }
  })
  const samples = await readBacklogs(connection, facts, stopped)
  const nowMs = Date.now()
  return facts.map((fact, i) => groupStatus(fact, samples[i] ?? null, nowMs))
}

/** How every consumer group stands: what is unhandled, since when, and what waits for a person. */
export async function consumersStatus(terminal: Terminal, { json }: StatusOptions): Promise<void> {
  const environment = await stackEnvironment(terminal.environment, [
    'KAFKA_BROKERS',
    'DATABASE_URL',
  ])
  const settings = cliSettings({ ...KAFKA_SETTINGS, ...DATABASE_SETTINGS }, environment)
  const { topicPrefix } = settings
  const statuses = await groupStatuses({
    connection: connectionOf(settings, 'event-router-cli'),
    topicPrefix,
    databaseUrl: settings.databaseUrl,
    expected: placesOf(topicPrefix).map(({ mode, domain }) =>
      consumerGroup(topicPrefix, mode, domain, DEFAULT_SERVICE),
    ),
    stopped: terminal.stopped,
  })
  for (const line of statusLines(statuses, json === true)) terminal.line(line)
}
