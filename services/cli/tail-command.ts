import type { Domain, Mode } from '#core/routing.ts'
import { controlTopic, eventTopic, quarantineTopic } from '#core/routing.ts'
import type { Environment } from '#platform/config/environment.ts'
import {
  DATABASE_SETTINGS,
  KAFKA_SETTINGS,
  REGISTRY_SETTINGS,
} from '#platform/config/service-settings.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type { FollowEnd, LogFollower, LogRecord } from '#platform/kafka/log-tail.ts'
import { followLog } from '#platform/kafka/log-tail.ts'
import { createLogger } from '#platform/log.ts'
import { registryOptions } from '#platform/registry/registry-access.ts'
import { RegistryClient } from '#platform/registry/registry-client.ts'
import { markerOf } from '#quarantine/entry.ts'
import { withCatalogue } from './catalogue-access.ts'
import { withDatabase } from './database-access.ts'
import { failure } from './fault.ts'
import type { ActorOption } from './quarantine-audit.ts'
import { writeAudit } from './quarantine-audit.ts'
import { RecordReader } from './record-reader.ts'
import type { ReadRecord } from './record-text.ts'
import { recordJson, recordLine } from './record-text.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface TailOptions extends ActorOption {
  readonly mode: Mode
  readonly domain: Domain | 'quarantine'
  readonly fromBeginning?: true
  /** Ends after this many records. */
  readonly max?: number
  readonly json?: true
  readonly showPii?: true
}

const log = createLogger({ service: 'cli', level: 'silent' })

/** Prints records until there are enough, and says when that is so. */
class Printer {
  readonly #terminal: Terminal
  readonly #options: TailOptions
  readonly #read: (record: LogRecord) => Promise<ReadRecord>
  readonly full: Promise<void>
  #left: number
  #printed = 0
  #fill: () => void = () => {}

  constructor(
    terminal: Terminal,
    options: TailOptions,
    read: (record: LogRecord) => Promise<ReadRecord>,
  ) {
    this.#terminal = terminal
    this.#options = options
    this.#read = read
    this.#left = options.max ?? Number.POSITIVE_INFINITY
    this.full = new Promise((resolve) => {
      this.#fill = resolve
    })
  }

  get printed(): number {
    return this.#printed
  }

  async print(records: readonly LogRecord[]): Promise<void> {
    const { json, showPii = false } = this.#options
    for (const record of records) {
      if (this.#left === 0 || this.#terminal.stopped.aborted) return
      const read = await this.#read(record)
      const text = json === true ? recordJson : recordLine
      this.#terminal.line(text(record, read, { showPii }))
      this.#printed += 1
      this.#left -= 1
      if (this.#left === 0) this.#fill()
    }
  }
}

function topicOf(prefix: string, { mode, domain }: TailOptions): string {
  return domain === 'quarantine' ? quarantineTopic(prefix, mode) : eventTopic(prefix, mode, domain)
}

async function follow(
  connection: KafkaConnection,
  topic: string,
  fromBeginning: boolean,
  printer: Printer,
): Promise<LogFollower> {
  try {
    return await followLog({
      connection,
      topics: [topic],
      fromBeginning,
      log,
      onRecords: (records) => printer.print(records),
    })
  } catch {
    throw failure(
      `Kafka at ${connection.brokers.join(', ')} or its topic ${topic} cannot be reached`,
    )
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function quarantineRecord({ value, headers }: LogRecord): ReadRecord {
  if (value !== null) return { kind: 'set_aside', body: value }
  return markerOf(headers) ?? { kind: 'unreadable', reason: 'no value' }
}

async function followUntilDone(
  terminal: Terminal,
  follower: LogFollower,
  printer: Printer,
): Promise<void> {
  const ended = follower.ended.then((end): FollowEnd => end)
  const enough = Promise.race([printer.full, aborted(terminal.stopped)])
  const end = await Promise.race([ended, enough.then((): FollowEnd => 'stopped')])
  await follower.stop()
  if (end !== 'stopped') throw failure(`Kafka went away (${end}); start again to read on`)
}

function registryOf(environment: Environment): RegistryClient {
  return new RegistryClient(registryOptions(cliSettings(REGISTRY_SETTINGS, environment)))
}

/**
 * Does what shows bodies that were set aside as they are, between two lines of the audit: without
 * the first one nothing is shown.
 */
async function audited(
  environment: Environment,
  topic: string,
  options: TailOptions,
  printer: Printer,
  work: () => Promise<void>,
): Promise<void> {
  const withAudit = await stackEnvironment(environment, ['DATABASE_URL'])
  const { databaseUrl } = cliSettings(DATABASE_SETTINGS, withAudit)
  const { fromBeginning = false, max } = options
  const given = { topic, from_beginning: fromBeginning, max }
  await withDatabase(databaseUrl, async (database) => {
    const audit = (state: string) =>
      writeAudit(database, options, 'quarantine.tail_raw', given, {
        state,
        events: printer.printed,
      })
    await audit('begun')
    try {
      await work()
    } finally {
      await audit('done')
    }
  })
}

/** Prints what is on a topic, decoded, and leaves no consumer group behind. */
export async function tail(terminal: Terminal, options: TailOptions): Promise<void> {
  const environment = await stackEnvironment(terminal.environment, ['KAFKA_BROKERS'])
  const withRegistry = await stackEnvironment(environment, ['SCHEMA_REGISTRY_URL']).catch(
    () => null,
  )
  const settings = cliSettings(KAFKA_SETTINGS, environment)
  const connection = connectionOf(settings, 'event-router-cli')
  const topic = topicOf(settings.topicPrefix, options)
  await withCatalogue(connection, controlTopic(settings.topicPrefix), async (catalogue) => {
    const reader = new RecordReader({
      entries: () => catalogue.entries().values(),
      registry: withRegistry === null ? null : registryOf(withRegistry),
    })
    const read = async (record: LogRecord) =>
      options.domain === 'quarantine' ? quarantineRecord(record) : await reader.read(record)
    const printer = new Printer(terminal, options, read)
    const show = async () => {
      const follower = await follow(connection, topic, options.fromBeginning === true, printer)
      await followUntilDone(terminal, follower, printer)
    }
    const isRaw = options.domain === 'quarantine' && options.showPii === true
    await (isRaw ? audited(environment, topic, options, printer, show) : show())
  })
}
