import { setTimeout as delay } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import type { Mode } from '#core/routing.ts'
import { consumerGroup, controlTopic, eventTopic } from '#core/routing.ts'
import { compileEventDecoder, schemaIdOf } from '#platform/avro/event-decoder.ts'
import type { ReadinessCheck } from '#platform/http/management.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type { ControlTail } from '#platform/kafka/control-tail.ts'
import { startControlTail } from '#platform/kafka/control-tail.ts'
import type { GroupConsumer } from '#platform/kafka/group-consumer.ts'
import { startGroupConsumer } from '#platform/kafka/group-consumer.ts'
import type { Logger } from '#platform/log.ts'
import { errorFields } from '#platform/log.ts'
import { Outage } from '#platform/outage.ts'
import type { Database } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { migrate } from '#platform/postgres/migrations.ts'
import type { Tracing } from '#platform/traces.ts'
import { BatchWriter } from './batch.ts'
import type { DomainConsumer } from './contract.ts'
import { overdueGaps } from './gap-gauge.ts'
import { keepHouse } from './housekeeping.ts'
import type { ConsumerMetrics } from './metrics.ts'
import { consumerMetrics } from './metrics.ts'
import { migrationSets } from './migration-sets.ts'
import { backOffMs, PartitionWorker } from './partition-worker.ts'
import { watchProgress } from './progress-watch.ts'
import { Report } from './report.ts'
import { Schemas } from './schemas.ts'
import type { ConsumerSettings } from './settings.ts'

export interface ConsumerOptions {
  readonly domain: DomainConsumer
  readonly settings: ConsumerSettings
  readonly log: Logger
  readonly metrics: Registry
  /** None are made when missing. */
  readonly tracing?: Tracing | null
  /** Waiting will not help; the process should end non-zero. */
  readonly onFatal: (error: unknown) => void
}

/** A domain's consumer in this process: both modes, one database, one catalogue. */
export interface RunningConsumer {
  readonly checks: readonly ReadinessCheck[]
  /** For liveness. */
  stalled(): string | null
  stop(): Promise<void>
}

interface ModeConsumer {
  readonly mode: Mode
  readonly worker: PartitionWorker
  readonly consumer: GroupConsumer
}

const HOUSEKEEPING_MS = 3_600_000
const WATCHED_MS = 10_000
const GAPS_COUNTED_MS = 30_000

class DomainProcess implements RunningConsumer {
  readonly #options: ConsumerOptions
  readonly #connection: KafkaConnection
  readonly #database: Database
  readonly #control: ControlTail
  readonly #metrics: ConsumerMetrics
  readonly #modes: ModeConsumer[] = []
  readonly #starting: Promise<void>
  readonly #stopping = new AbortController()
  #startProblem: string | null = 'the database is not migrated yet'
  #housekeeping: NodeJS.Timeout | undefined
  #stopWatching: () => void = () => undefined
  #countingGaps: NodeJS.Timeout | undefined

  constructor(options: ConsumerOptions) {
    const { domain, settings, log } = options
    const name = `event-router-${domain.domain}`
    this.#options = options
    this.#connection = connectionOf(settings, name)
    this.#metrics = consumerMetrics(options.metrics)
    this.#database = openDatabase({
      url: settings.databaseUrl,
      applicationName: name,
      poolSize: settings.databasePoolSize,
      statementTimeoutMs: settings.statementTimeoutMs,
      log,
    })
    const topic = controlTopic(settings.topicPrefix)
    this.#control = startControlTail({ connection: this.#connection, topic, log })
    this.#starting = this.#start()
  }

  get checks(): readonly ReadinessCheck[] {
    const modes = this.#options.settings.modes.map((mode) => ({
      name: `kafka_${mode}`,
      problem: () => this.#find(mode)?.consumer.problem() ?? this.#startProblem,
    }))
    return [
      { name: 'catalogue', problem: () => this.#control.problem() },
      { name: 'database', problem: () => this.#databaseProblem() },
      ...modes,
    ]
  }

  stalled(): string | null {
    const stuck = this.#modes.find(({ worker }) => worker.stalled(Date.now()))
    return stuck === undefined ? null : `a batch of mode ${stuck.mode} makes no progress`
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearInterval(this.#housekeeping)
    this.#stopWatching()
    clearInterval(this.#countingGaps)
    await this.#starting
    await Promise.all(this.#modes.map(({ consumer }) => consumer.stop()))
    await this.#control.stop()
    await this.#database.end()
  }

  #find(mode: Mode): ModeConsumer | undefined {
    return this.#modes.find((candidate) => candidate.mode === mode)
  }

  #databaseProblem(): string | null {
    if (this.#startProblem !== null) return this.#startProblem
    const problems = this.#modes.map(({ worker }) => worker.databaseProblem())
    return problems.find((problem) => problem !== null) ?? null
  }

  async #start(): Promise<void> {
    const { signal } = this.#stopping
    const { log } = this.#options
    const outage = new Outage({ log, away: 'database.away', back: 'database.back' })
    for (let tries = 1; !signal.aborted; tries += 1) {
      try {
        await this.#prepareDatabase()
        this.#startProblem = null
        outage.back()
        break
      } catch (error) {
        this.#startProblem = 'the database cannot be migrated'
        outage.away(errorFields(error))
        await delay(backOffMs(tries, Math.random()), undefined, { signal }).catch(() => undefined)
      }
    }
    if (signal.aborted) return
    for (const mode of this.#options.settings.modes) this.#modes.push(this.#startMode(mode))
    this.#stopWatching = watchProgress({
      stalled: () => this.stalled(),
      everyMs: WATCHED_MS,
      onStalled: (problem) => {
        this.#options.log.fatal({ event: 'consumer.stalled', problem })
        this.#options.onFatal(new Error(problem))
      },
    })
    this.#housekeeping = setInterval(() => void this.#keepHouse(), HOUSEKEEPING_MS)
    this.#countingGaps = setInterval(() => void this.#countGaps(), GAPS_COUNTED_MS)
    void this.#countGaps()
  }

  async #prepareDatabase(): Promise<void> {
    const { domain, log } = this.#options
    const applied = await migrate(this.#database, migrationSets([domain]))
    log.info({ event: 'database.migrated', applied })
    log.info({ event: 'inbox.kept', ...(await keepHouse(this.#database, Date.now())) })
  }

  async #keepHouse(): Promise<void> {
    const { log } = this.#options
    try {
      log.info({ event: 'inbox.kept', ...(await keepHouse(this.#database, Date.now())) })
    } catch (error) {
      log.warn({ event: 'inbox.not_kept', ...errorFields(error) })
    }
  }

  /** What an alert watches; every process of a group shows the same. */
  async #countGaps(): Promise<void> {
    const { domain, settings, log } = this.#options
    const { topicPrefix, service, gapGraceSeconds } = settings
    try {
      for (const mode of settings.modes) {
        const groupId = consumerGroup(topicPrefix, mode, domain.domain, service)
        const overdue = await overdueGaps(this.#database, groupId, gapGraceSeconds)
        for (const [kind, count] of Object.entries(overdue)) {
          this.#metrics.gapsOpen.set({ mode, domain: domain.domain, kind }, count)
        }
      }
    } catch (error) {
      log.warn({ event: 'gaps.not_counted', ...errorFields(error) })
    }
  }

  #startMode(mode: Mode): ModeConsumer {
    const { domain, settings, log, tracing = null, onFatal } = this.#options
    const { topicPrefix } = settings
    const groupId = consumerGroup(topicPrefix, mode, domain.domain, settings.service)
    const schemas = new Schemas({
      source: this.#control,
      domain: domain.domain,
      compile: (schemaText) => {
        const decoder = compileEventDecoder({ schemaText })
        return (value) => decoder.decode(value)
      },
      waitMs: settings.schemaWaitMs,
    })
    const worker = new PartitionWorker({
      domain,
      groupId,
      mode,
      database: this.#database,
      writer: new BatchWriter({
        database: this.#database,
        domain,
        handlerDeadlineMs: settings.handlerTimeoutMs,
      }),
      schemas,
      schemaIdOf,
      report: new Report(log, this.#metrics, mode, tracing),
      batchMaxRecords: settings.batchMaxRecords,
    })
    const consumer = startGroupConsumer({
      connection: this.#connection,
      groupId,
      topic: eventTopic(topicPrefix, mode, domain.domain),
      handler: (batch, lease) => worker.handle(batch, lease),
      log,
      onRebuild: (cause) => this.#metrics.rebuilds.inc({ mode, cause }),
      onFatal,
    })
    return { mode, worker, consumer }
  }
}

/**
 * Migrates the database and consumes, in the background: returns at once, and waits for whatever
 * is away. Readiness says what it waits for.
 */
export function startConsumer(options: ConsumerOptions): RunningConsumer {
  return new DomainProcess(options)
}
