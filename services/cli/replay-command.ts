import type { AuditFields } from '#consumers/runtime/audit.ts'
import { recordAudit } from '#consumers/runtime/audit.ts'
import { BatchWriter } from '#consumers/runtime/batch.ts'
import type { ReadingContext } from '#consumers/runtime/reading.ts'
import type { ReplayTally } from '#consumers/runtime/replay.ts'
import { Replay } from '#consumers/runtime/replay.ts'
import type { ReplayExtent } from '#consumers/runtime/replay-extent.ts'
import { replayExtent } from '#consumers/runtime/replay-extent.ts'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { groupPositions } from '#consumers/runtime/status.ts'
import type { TenantId } from '#core/ids.ts'
import { partitionOf } from '#core/murmur2.ts'
import type { HandledDomain, Mode } from '#core/routing.ts'
import { consumerGroup, controlTopic, eventTopic } from '#core/routing.ts'
import { DATABASE_SETTINGS, KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type { StretchEnd } from '#platform/kafka/log-stretch.ts'
import { readStretches } from '#platform/kafka/log-stretch.ts'
import { createLogger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/database.ts'
import { databaseFailure, sqlState } from '#platform/postgres/failure.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import { withDatabase } from './database-access.ts'
import { DOMAIN_CONSUMERS } from './domains.ts'
import { failure, usageFault } from './fault.ts'
import { actorName } from './operator.ts'
import { readingContext } from './reading-context.ts'
import { foundIn, replayLines, sumOf } from './replay-text.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface ReplayCommandOptions {
  readonly mode: Mode
  readonly domain: HandledDomain
  readonly tenant: TenantId
  /** Milliseconds since the epoch, inclusive. */
  readonly from: number
  /** Exclusive. */
  readonly to: number
  /** Last part of the group's name. */
  readonly service?: string
  readonly again?: true
  /** Without it nothing is changed. */
  readonly yes?: true
  readonly actor?: string
}

const SETTINGS = {
  ...KAFKA_SETTINGS,
  ...DATABASE_SETTINGS,
  service: CONSUMER_SETTINGS.service,
  handlerTimeoutMs: CONSUMER_SETTINGS.handlerTimeoutMs,
} as const

const CATALOGUE_WITHIN_MS = 10_000
/** Bounds the memory, and how many events one transaction holds. */
const BYTES_AT_ONCE = 262_144
const PROGRESS_EVERY_MS = 2000
/**
 * Processes write with clocks of their own, so times on a topic are not quite in order: that much
 * later a record may still be of the time asked for.
 */
const CLOCK_SKEW_MS = 60_000
const log = createLogger({ service: 'cli', level: 'silent' })

interface Target {
  readonly connection: KafkaConnection
  readonly databaseUrl: string
  readonly topicPrefix: string
  readonly groupId: string
  readonly topic: string
  readonly handlerTimeoutMs: number
}

interface Extent extends ReplayExtent {
  readonly partition: number
}

async function targetOf(
  { environment }: Terminal,
  { mode, domain, service }: ReplayCommandOptions,
): Promise<Target> {
  const found = await stackEnvironment(environment, ['KAFKA_BROKERS', 'DATABASE_URL'])
  const all = service === undefined ? found : { ...found, CONSUMER_SERVICE: service }
  const settings = cliSettings(SETTINGS, all)
  const { topicPrefix, databaseUrl, handlerTimeoutMs } = settings
  return {
    connection: connectionOf(settings, 'event-router-cli'),
    databaseUrl,
    topicPrefix,
    groupId: consumerGroup(topicPrefix, mode, domain, settings.service),
    topic: eventTopic(topicPrefix, mode, domain),
    handlerTimeoutMs,
  }
}

/** Where the records of that time lie in the tenant's partition. */
async function extentOf(
  { connection, topic }: Target,
  { tenant, from, to }: ReplayCommandOptions,
  nextOffsets: ReadonlyMap<number, bigint>,
): Promise<Extent> {
  try {
    return await viewCluster(connection, log, async (view) => {
      const ranges = (await view.ranges([topic])).get(topic)
      if (ranges === undefined) throw new Error('the topic is missing')
      const partition = partitionOf(Buffer.from(tenant), ranges.length)
      const { low = 0n, high = 0n } = ranges.find((range) => range.partition === partition) ?? {}
      const next = nextOffsets.get(partition) ?? 0n
      const first = (await view.offsetsAt(topic, from)).get(partition) ?? high
      const after = (await view.offsetsAt(topic, to + CLOCK_SKEW_MS)).get(partition) ?? high
      return { partition, ...replayExtent({ low, high, next, first, after }) }
    })
  } catch {
    const brokers = connection.brokers.join(', ')
    throw failure(`Kafka at ${brokers} or its topic ${topic} cannot be reached`)
  }
}

async function contextOf(
  { connection, topicPrefix }: Target,
  { domain, mode }: ReplayCommandOptions,
): Promise<ReadingContext> {
  const topic = controlTopic(topicPrefix)
  const entries = await readCatalogue(connection, topic, log, CATALOGUE_WITHIN_MS)
  if (entries === null) throw failure(`the catalogue of versions on ${topic} cannot be read`)
  return readingContext(() => entries, domain, mode)
}

async function refuseParked(
  database: Database,
  groupId: string,
  { tenant, mode }: ReplayCommandOptions,
): Promise<void> {
  const text = `
SELECT 1 FROM runtime.parked_tenants WHERE group_id = $1 AND tenant_id = $2 AND live_mode = $3`
  const values = [groupId, tenant, mode === 'live']
  const rows = await database.session((session) => session.query({ text, values }))
  if (rows.length === 0) return
  throw failure(`the tenant is parked in ${groupId}; release it first, or its order is lost`)
}

function endSentence(end: Exclude<StretchEnd, { kind: 'read' }>, connection: KafkaConnection) {
  if (end.kind === 'stopped') return 'stopped before the end'
  return `Kafka at ${connection.brokers.join(', ')} went away (${end.kind})`
}

/** What the database says is put into words elsewhere; of all else only the class is safe to say. */
function handlingFault(error: unknown): unknown {
  if (sqlState(error) !== null || databaseFailure(error) === 'environment') return error
  const name = error instanceof Error ? error.name : 'unknown'
  return failure(`an event could not be handled (${name}); what was handled before it stays`)
}

/** Reads and hands over, and says every two seconds how far it is. */
async function run(
  terminal: Terminal,
  { connection, topic }: Target,
  { partition, from, to }: Extent,
  replay: Replay,
): Promise<StretchEnd> {
  const total = to - from
  let saidMs = performance.now()
  return await readStretches({
    connection,
    log,
    stretches: [{ topic, partition, from, to }],
    bytesAtOnce: BYTES_AT_ONCE,
    signal: terminal.stopped,
    onRecords: async (_stretch, records) => {
      await replay.take(records)
      const read = (records.at(-1)?.offset ?? from) - from + 1n
      if (performance.now() - saidMs < PROGRESS_EVERY_MS || read === total) return
      saidMs = performance.now()
      const { found } = sumOf(replay.tally)
      terminal.line(`${read} of ${total} records read, ${found} events of the tenant`)
    },
  })
}

function auditArguments(target: Target, options: ReplayCommandOptions): AuditFields {
  const { tenant, mode, from, to, again } = options
  return {
    group: target.groupId,
    topic: target.topic,
    tenant,
    mode,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    again: again === true,
  }
}

function auditOutcome(state: string, tally: ReplayTally): AuditFields {
  const { found, known } = sumOf(tally)
  const { copies, unreadable, outcomes } = tally
  const counts = Object.fromEntries(outcomes)
  return { state, found, known, copies, unreadable, outcomes: counts }
}

/** A line before the first effect, since a command can be killed, and one after the last. */
async function audited(
  database: Database,
  target: Target,
  options: ReplayCommandOptions,
  replay: Replay,
  work: () => Promise<StretchEnd>,
): Promise<StretchEnd> {
  const line = (state: string) =>
    database.transaction((transaction) =>
      recordAudit(transaction, {
        actor: actorName(options.actor),
        action: 'consumers.replay',
        arguments: auditArguments(target, options),
        outcome: auditOutcome(state, replay.tally),
      }),
    )
  await line('begun')
  const end = await work()
  await line(end.kind === 'read' ? 'done' : end.kind)
  return end
}

/** Hands a tenant's events of some time to one group once more; a dry run unless told otherwise. */
export async function replayEvents(
  terminal: Terminal,
  options: ReplayCommandOptions,
): Promise<void> {
  const { domain, from, to, again = false, yes = false } = options
  if (from >= to) throw usageFault('--from must be before --to')
  const target = await targetOf(terminal, options)
  await withDatabase(target.databaseUrl, async (database) => {
    const extent = await preparedExtent(database, target, options)
    const replay = new Replay({
      domain: DOMAIN_CONSUMERS[domain],
      place: { groupId: target.groupId, topic: target.topic, partition: extent.partition },
      scope: { tenantId: options.tenant, fromMs: from, toMs: to },
      context: await contextOf(target, options),
      database,
      writer: yes ? writerOf(database, target, domain) : null,
      again,
    })
    const work = () => run(terminal, target, extent, replay)
    const end = yes ? await audited(database, target, options, replay, work) : await work()
    const isWhole = end.kind === 'read'
    const { tally } = replay
    const shown = { tally, again, dryRun: !yes, isWhole, extent }
    for (const line of replayLines(target.groupId, options, shown)) terminal.line(line)
    if (end.kind === 'handler_failed') throw handlingFault(end.error)
    if (end.kind !== 'read') {
      throw failure(`${endSentence(end, target.connection)}; ${foundIn(tally)}`)
    }
  })
}

function writerOf(database: Database, { handlerTimeoutMs }: Target, domain: HandledDomain) {
  const handlerDeadlineMs = handlerTimeoutMs
  return new BatchWriter({ database, domain: DOMAIN_CONSUMERS[domain], handlerDeadlineMs })
}

async function preparedExtent(
  database: Database,
  target: Target,
  options: ReplayCommandOptions,
): Promise<Extent> {
  const { groupId, topic } = target
  const positions = await database.session((session) => groupPositions(session, [topic]))
  const position = positions.find((one) => one.groupId === groupId)
  if (position === undefined) {
    throw failure(`the group ${groupId} has handled nothing yet, so there is nothing to replay`)
  }
  await refuseParked(database, groupId, options)
  return await extentOf(target, options, position.nextOffsets)
}
