import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OutgoingRecord } from '#core/commit.ts'
import { partitionOf } from '#core/murmur2.ts'
import type { HandledDomain } from '#core/routing.ts'
import { controlTopic, eventTopic } from '#core/routing.ts'
import { CONSUMER_MEMORY } from '#local/memory.ts'
import type { KafkaOptions, RunningKafka } from '#local/parts/kafka.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { freePort, freePorts } from '#local/parts/ports.ts'
import type { PostgresOptions, RunningPostgres } from '#local/parts/postgres.ts'
import { startPostgres } from '#local/parts/postgres.ts'
import type { Child } from '#local/parts/process.ts'
import { startChild } from '#local/parts/process.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import type { Database, Row, SqlParameter } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import type { Occurrence } from '../fixtures/effect-checker.ts'
import { EFFECTS_TABLE } from '../fixtures/effect-handler.ts'
import { eventually } from '../fixtures/eventually.ts'
import { readLog } from '../fixtures/log-reader.ts'
import { testHost } from '../fixtures/part-host.ts'
import type { Body } from '../fixtures/published-versions.ts'
import { catalogueMessage, ValueWriter, VERSIONS } from '../fixtures/published-versions.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { RecordWriter } from './record-writer.ts'

/** An event on its way: whose it is, and its body (JSON text to be kept as it is, or an object). */
export interface StandEvent extends Occurrence {
  readonly body: Body | string
}

const PARTITIONS = 12
const BATCH_RECORDS = 200
const STOP_GRACE_MS = 10_000
const EFFECT_CONSUMER = new URL('../fixtures/effect-consumer.ts', import.meta.url)
const DOMAIN_CONSUMERS = new URL('../../services/consumers/', import.meta.url)
const log = createLogger({ service: 'test', level: 'silent' })

/** A Kafka and a Postgres of one test's own, and consumers as processes that it may hurt. */
export class Stand {
  readonly domain: HandledDomain
  readonly #folder: TemporaryFolder
  readonly #kafka: RunningKafka
  readonly #postgresOptions: PostgresOptions
  #postgres: RunningPostgres
  readonly #writer: RecordWriter
  readonly #values: ValueWriter
  readonly #databases = new Map<string, Database>()
  readonly #processes = new Set<Child>()
  #started = 0

  private constructor(
    domain: HandledDomain,
    folder: TemporaryFolder,
    kafka: RunningKafka,
    postgres: RunningPostgres,
    postgresOptions: PostgresOptions,
  ) {
    this.domain = domain
    this.#folder = folder
    this.#kafka = kafka
    this.#postgres = postgres
    this.#postgresOptions = postgresOptions
    this.#values = new ValueWriter(domain)
    this.#writer = new RecordWriter(this.#connection)
  }

  static async set(name: string, domain: HandledDomain): Promise<Stand> {
    const folder = await temporaryFolder(name)
    const host = testHost()
    const [port = 0, controllerPort = 0, postgresPort = 0] = await freePorts(3)
    const place = (part: string) => ({
      dataDir: join(folder.path, part),
      logFile: join(folder.path, 'logs', `${part}.log`),
    })
    const kafkaOptions: KafkaOptions = { ...place('kafka'), port, controllerPort }
    const postgresOptions = { ...place('postgres'), port: postgresPort }
    const [kafka, postgres] = await Promise.all([
      startKafka(kafkaOptions, host),
      startPostgres(postgresOptions, host),
    ])
    const stand = new Stand(domain, folder, kafka, postgres, postgresOptions)
    await stand.addTopics('qairopay')
    await stand.rows(EFFECTS_TABLE)
    return stand
  }

  get #connection() {
    return { brokers: [this.#kafka.brokers], clientId: 'test', ssl: false, sasl: null }
  }

  get databaseUrl(): string {
    return this.#postgres.url
  }

  topic(prefix = 'qairopay'): string {
    return eventTopic(prefix, 'sandbox', this.domain)
  }

  /** A set of topics with its own catalogue. */
  async addTopics(prefix: string): Promise<void> {
    await this.#publishCatalogue(prefix)
    await this.#makeTopic(this.topic(prefix), PARTITIONS)
  }

  async #makeTopic(name: string, partitions: number): Promise<void> {
    const topic = { name, partitions, replicationFactor: 1, settings: {} }
    const made = await ensureTopics(this.#connection, [topic], log)
    if (!made.ok) throw new Error(`no topic ${name}`)
  }

  async #publishCatalogue(prefix: string): Promise<void> {
    const topic = controlTopic(prefix)
    await this.#makeTopic(topic, 1)
    const messages = await Promise.all(VERSIONS.map((version) => catalogueMessage(version)))
    await this.write(
      messages.map(({ key, value }) => {
        const record = { topic, partition: 0, headers: {} }
        return { ...record, key: String(key), value: Buffer.from(value) }
      }),
    )
  }

  /** The record of an event. */
  async record({ tenantId, eventId, body }: StandEvent, prefix?: string): Promise<OutgoingRecord> {
    return {
      topic: this.topic(prefix),
      partition: partitionOf(Buffer.from(tenantId), PARTITIONS),
      key: tenantId,
      value: await this.#values.encode(body),
      headers: { ce_id: eventId },
    }
  }

  /** Writes records in their order. */
  async write(records: readonly OutgoingRecord[]): Promise<void> {
    await this.#writer.write(records)
  }

  async send(events: readonly StandEvent[], prefix?: string): Promise<void> {
    for (let i = 0; i < events.length; i += BATCH_RECORDS) {
      const own = events.slice(i, i + BATCH_RECORDS)
      await this.write(await Promise.all(own.map((event) => this.record(event, prefix))))
    }
  }

  /** All records in the log, those of a partition in their order. */
  async log(prefix?: string): Promise<readonly Occurrence[]> {
    const brokers = this.#kafka.brokers
    const records = await readLog({ brokers, topics: [this.topic(prefix)] })
    return records.map(({ key, headers }) => ({
      tenantId: key ?? '',
      eventId: headers.ce_id ?? '',
    }))
  }

  /** Starts a program of ours as a process; does not wait until it is ready. */
  async startProcess(
    name: string,
    file: URL,
    env: Readonly<Record<string, string>>,
  ): Promise<Child> {
    const child = await startChild(
      {
        name,
        command: process.execPath,
        args: [fileURLToPath(file)],
        logFile: join(this.folder, 'logs', `${name}.log`),
        stopGraceMs: STOP_GRACE_MS,
        env: {
          KAFKA_BROKERS: this.#kafka.brokers,
          DATABASE_URL: this.databaseUrl,
          MANAGEMENT_HOST: '127.0.0.1',
          MANAGEMENT_PORT: String(await freePort()),
          NODE_COMPILE_CACHE: join(this.folder, 'compiled'),
          ...CONSUMER_MEMORY,
          ...env,
        },
      },
      testHost(),
    )
    this.#processes.add(child)
    void child.exited.then(() => this.#processes.delete(child))
    return child
  }

  /** Starts a consumer process; does not wait until it is ready. */
  async startConsumer(
    env: Readonly<Record<string, string>> = {},
    main: 'effects' | 'domain' = 'effects',
  ): Promise<Child> {
    this.#started += 1
    const own = new URL(`${this.domain}/main.ts`, DOMAIN_CONSUMERS)
    const file = main === 'effects' ? EFFECT_CONSUMER : own
    const surroundings = { MODES: 'sandbox', SHUTDOWN_DEADLINE_MS: '8000' }
    return await this.startProcess(`consumer-${this.#started}`, file, { ...surroundings, ...env })
  }

  get brokers(): string {
    return this.#kafka.brokers
  }

  get folder(): string {
    return this.#folder.path
  }

  async stopProcesses(): Promise<void> {
    await Promise.all([...this.#processes].map((child) => child.stop()))
  }

  /** A fresh database beside the first, with the effects' table. */
  async createDatabase(name: string): Promise<string> {
    await this.rows(`CREATE DATABASE ${name}`)
    const url = new URL(this.databaseUrl)
    url.pathname = `/${name}`
    await this.rows(EFFECTS_TABLE, [], url.href)
    return url.href
  }

  async dropDatabase(name: string): Promise<void> {
    const url = new URL(this.databaseUrl)
    url.pathname = `/${name}`
    await this.#databases.get(url.href)?.end()
    this.#databases.delete(url.href)
    await this.rows(`DROP DATABASE ${name} WITH (FORCE)`)
  }

  database(url = this.databaseUrl): Database {
    const known = this.#databases.get(url)
    if (known !== undefined) return known
    const options = { applicationName: 'test', poolSize: 2, statementTimeoutMs: 60_000, log }
    const database = openDatabase({ url, ...options })
    this.#databases.set(url, database)
    return database
  }

  async rows(
    text: string,
    values: readonly SqlParameter[] = [],
    url?: string,
  ): Promise<readonly Row[]> {
    return await this.database(url).session((connection) => connection.query({ text, values }))
  }

  /** One number out of the database. */
  async count(text: string, url?: string): Promise<number> {
    const [row] = await this.rows(text, [], url)
    return Number(Object.values(row ?? {})[0] ?? 0)
  }

  /** How many records all groups of a database are past. */
  async passed(url?: string): Promise<number> {
    return await this.count('SELECT sum(next_offset) FROM runtime.consumer_offsets', url)
  }

  /** Effects in their order. */
  async effects(url?: string): Promise<readonly Occurrence[]> {
    const rows = await this.rows(
      'SELECT tenant_id, event_id FROM chaos.effects ORDER BY n',
      [],
      url,
    )
    return rows.map(({ tenant_id, event_id }) => ({
      tenantId: String(tenant_id),
      eventId: String(event_id),
    }))
  }

  async killPostgres(): Promise<void> {
    await this.#postgres.kill()
  }

  /** Postgres again, on the same data and port. */
  async restartPostgres(): Promise<void> {
    // Until the last of the killed one's processes is gone, a new one refuses to start.
    this.#postgres = await eventually(() => startPostgres(this.#postgresOptions, testHost()), {
      withinMs: 60_000,
      everyMs: 200,
    })
  }

  async clear(): Promise<void> {
    await this.stopProcesses()
    await this.#writer.close()
    await Promise.all([...this.#databases.values()].map((database) => database.end()))
    await Promise.all([this.#kafka.stop(), this.#postgres.stop()])
    await this.#folder.remove()
  }
}
