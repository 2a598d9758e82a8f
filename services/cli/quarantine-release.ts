import type { AuditFields } from '#consumers/runtime/audit.ts'
import type { EndpointSet } from '#ingress/endpoints.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { DATABASE_SETTINGS } from '#platform/config/service-settings.ts'
import { BatchSender } from '#platform/kafka/batch-sender.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import type { BatchAttempts } from '#platform/kafka/durable-write.ts'
import { createLogger } from '#platform/log.ts'
import { withAdvisoryLock } from '#platform/postgres/advisory-lock.ts'
import type { Database } from '#platform/postgres/database.ts'
import { routesOf } from '#quarantine/current-routes.ts'
import type { DestinationContext } from '#quarantine/destination.ts'
import { destinationOf } from '#quarantine/destination.ts'
import type { ReleaseEnd } from '#quarantine/release.ts'
import { release } from '#quarantine/release.ts'
import { ReleaseTally } from '#quarantine/release-tally.ts'
import { withDatabase } from './database-access.ts'
import { endpointEnvironment } from './endpoint-access.ts'
import { readEndpoints } from './endpoint-source.ts'
import { failure, usageFault } from './fault.ts'
import { progressNotes } from './progress.ts'
import type { QuarantineAccess, QuarantineOptions } from './quarantine-access.ts'
import {
  accessOf,
  catalogueOf,
  extentsFor,
  inventoryOf,
  QUARANTINE_SETTINGS,
} from './quarantine-access.ts'
import type { ActorOption } from './quarantine-audit.ts'
import { auditedFilter, writeAudit } from './quarantine-audit.ts'
import { releaseJson, releaseLines } from './release-text.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface ReleaseOptions extends QuarantineOptions, ActorOption {
  readonly acceptStale?: true
  readonly acceptCardNumbers?: true
  /** Events a second. */
  readonly rate?: number
  readonly all?: true
  /** Without it nothing is changed. */
  readonly yes?: true
}

const SETTINGS = {
  ...QUARANTINE_SETTINGS,
  jsonDepth: INGRESS_SETTINGS.jsonDepth,
  toleranceSeconds: INGRESS_SETTINGS.signatureToleranceSeconds,
  cardNumbers: INGRESS_SETTINGS.cardNumbers,
} as const

const ATTEMPT_TIMEOUT_MS = 3500
const RECONNECT_DELAY_MS = 100
const silent = createLogger({ service: 'cli', level: 'silent' })

interface Work {
  readonly access: QuarantineAccess
  readonly context: DestinationContext
}

/** Endpoints as they are configured now; an empty set where nobody says where they are. */
async function endpointsNow(terminal: Terminal): Promise<EndpointSet> {
  const environment = await endpointEnvironment(terminal).catch(() => null)
  return environment === null ? new Map() : await readEndpoints(environment)
}

async function workOf(terminal: Terminal, options: ReleaseOptions): Promise<Work> {
  const environment = await stackEnvironment(terminal.environment, ['KAFKA_BROKERS'])
  const { jsonDepth, toleranceSeconds, cardNumbers, ...settings } = cliSettings(
    SETTINGS,
    environment,
  )
  const access = accessOf(terminal, settings, options.mode)
  const entries = await catalogueOf(access)
  const endpoints = await endpointsNow(terminal)
  const context = {
    topic: access.log.topic,
    mode: options.mode,
    table: routesOf(entries, access.topicPrefix),
    endpointNow: (id: string) => {
      const endpoint = endpoints.get(id)
      return endpoint === undefined || endpoint.state === 'removed' ? null : endpoint
    },
    acceptStale: options.acceptStale === true,
    cardNumbersHeld: cardNumbers === 'quarantine',
    acceptCardNumbers: options.acceptCardNumbers === true,
    toleranceSeconds,
    jsonDepth,
  }
  return { access, context }
}

interface Outcome {
  readonly end: ReleaseEnd
  readonly waiting: number
  readonly tally: ReleaseTally
  /** False when the last line of the audit could not be written. */
  readonly isAudited: boolean
}

/** Lines of the audit, one before the first effect, since a command can be killed. */
interface Effects {
  readonly attempts: BatchAttempts
  readonly isAlone: () => Promise<boolean>
  readonly audit: (outcome: AuditFields) => Promise<void>
}

function auditOutcome(state: string, waiting: number, tally: ReleaseTally): AuditFields {
  const { moved: released, stayed, unmarked } = tally
  const stayedBecause: Record<string, number> = {}
  for (const { reason, events } of tally.stayedCounts()) {
    stayedBecause[reason] = (stayedBecause[reason] ?? 0) + events
  }
  return { state, waiting, released, stayed, unmarked, stayed_because: stayedBecause }
}

async function run(
  { access, context }: Work,
  options: ReleaseOptions,
  effects: Effects | null,
): Promise<Outcome> {
  const { terminal, log } = access
  const inventory = await inventoryOf(access, options, await extentsFor(access, options))
  const waiting = inventory.counts.waiting
  const tally = new ReleaseTally()
  if (waiting === 0) return { end: { kind: 'done' }, waiting, tally, isAudited: true }
  await effects?.audit(auditOutcome('begun', waiting, tally))
  const beganMs = performance.now()
  const note = progressNotes(terminal)
  const verb = effects === null ? 'looked at' : 'done'
  const onStep = () =>
    note(() => {
      const rate = Math.round((tally.done * 1000) / (performance.now() - beganMs))
      return `${tally.done} of ${waiting} ${verb} (${rate}/s), ${tally.stayed} stay set aside`
    })
  const end = await release({
    log,
    inventory,
    destinationOf: (event) => destinationOf(event, context),
    attempts: effects?.attempts ?? null,
    isAlone: effects?.isAlone ?? (async () => true),
    rate: options.rate ?? null,
    stopped: terminal.stopped,
    tally,
    onStep,
  })
  // What was released is told also when the database went away meanwhile.
  const audit = effects?.audit(auditOutcome(endWord(end), waiting, tally)) ?? Promise.resolve()
  const isAudited = await audit.then(
    () => true,
    () => false,
  )
  return { end, waiting, tally, isAudited }
}

function endWord(end: ReleaseEnd): string {
  return end.kind === 'halted' ? end.why : end.kind
}

/** Work with a producer that says what is durable; closed at the end. */
export async function withSender<Result>(
  connection: KafkaConnection,
  work: (sender: BatchSender) => Promise<Result>,
): Promise<Result> {
  const timing = { attemptTimeoutMs: ATTEMPT_TIMEOUT_MS, reconnectDelayMs: RECONNECT_DELAY_MS }
  const sender = new BatchSender({ connection, log: silent, ...timing })
  try {
    return await work(sender)
  } finally {
    await sender.close()
  }
}

async function runAlone(database: Database, work: Work, options: ReleaseOptions): Promise<Outcome> {
  const { access } = work
  const { topic } = access.log
  const { acceptStale = false, acceptCardNumbers = false, rate, all } = options
  const accepted = { accept_stale: acceptStale, accept_card_numbers: acceptCardNumbers }
  const given = { ...auditedFilter(topic, options), ...accepted, rate, all }
  const audit = (outcome: AuditFields) =>
    writeAudit(database, options, 'quarantine.release', given, outcome)
  const locked = await withAdvisoryLock(database, `event-router/release/${topic}`, (isAlone) =>
    withSender(access.connection, (attempts) => run(work, options, { attempts, isAlone, audit })),
  )
  if (locked === null) throw failure(`another release of ${topic} is under way; wait for its end`)
  return locked.result
}

async function outcomeOf(
  terminal: Terminal,
  work: Work,
  options: ReleaseOptions,
): Promise<Outcome> {
  if (options.yes !== true) return await run(work, options, null)
  const environment = await stackEnvironment(terminal.environment, ['DATABASE_URL'])
  const { databaseUrl } = cliSettings(DATABASE_SETTINGS, environment)
  return await withDatabase(databaseUrl, (database) => runAlone(database, work, options))
}

function demandSelection(options: ReleaseOptions): void {
  const { tenant, reason, endpoint, version, id, since, until, all, yes } = options
  const selections = [tenant, reason, endpoint, version, id, since, until, all]
  if (yes !== true || selections.some((selection) => selection !== undefined)) return
  throw usageFault('say what to release: a filter such as --reason or --version, or --all')
}

/** `quarantine release`: what waits goes through the ingress's steps again; a dry run unless --yes. */
export async function releaseQuarantine(
  terminal: Terminal,
  options: ReleaseOptions,
): Promise<void> {
  demandSelection(options)
  const work = await workOf(terminal, options)
  const { end, waiting, tally, isAudited } = await outcomeOf(terminal, work, options)
  const { topic } = work.access.log
  const shown = { topic, waiting, tally, dryRun: options.yes !== true, end: endWord(end) }
  if (options.json === true) terminal.line(releaseJson(shown))
  else for (const line of releaseLines(shown)) terminal.line(line)
  if (end.kind === 'stopped') throw failure('stopped before the end; run it again to go on')
  if (end.kind === 'halted') throw failure(`${end.why}; run it again to go on`)
  if (!isAudited) throw failure('Postgres went away; the audit only says that it began')
}
