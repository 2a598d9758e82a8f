import { randomUUID } from 'node:crypto'
import type { Admin, Kafka, Producer } from 'kafkajs'
import { Registry } from 'prom-client'
import { inject } from 'vitest'
import type { RunningConsumer } from '#consumers/runtime/consumer.ts'
import { startConsumer } from '#consumers/runtime/consumer.ts'
import type { DomainConsumer } from '#consumers/runtime/contract.ts'
import type { ConsumerSettings } from '#consumers/runtime/settings.ts'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import type { Domain, Mode } from '#core/routing.ts'
import { consumerGroup, controlTopic, DOMAINS, eventTopic } from '#core/routing.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import type { Database, Row, SqlParameter } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body, Version } from '../../fixtures/published-versions.ts'
import { catalogueMessage, ValueWriter, VERSIONS } from '../../fixtures/published-versions.ts'
import { removeTopics } from '../../fixtures/topic-removal.ts'

export type { Body, Version } from '../../fixtures/published-versions.ts'
export { sample, VERSIONS } from '../../fixtures/published-versions.ts'

/** Keeps a request below the broker's default limit of 1 MiB. */
const SEND_AT_ONCE = 500

const log = createLogger({ service: 'test', level: 'silent' })

export interface Place {
  readonly mode?: Mode
  readonly key?: string
  readonly partition?: number
}

/** Topics of its own on the shared broker, and tenants of its own in the shared database. */
export class Stage {
  readonly prefix = `t${randomUUID().slice(0, 8)}`
  readonly tenant = `tnt_${randomUUID().replaceAll('-', '')}`
  readonly domain: DomainConsumer
  readonly database: Database
  readonly kafka: Kafka
  readonly admin: Admin
  readonly producer: Producer
  readonly #running: RunningConsumer[] = []
  #cleared = false
  readonly #values: ValueWriter

  private constructor(domain: DomainConsumer) {
    this.domain = domain
    this.#values = new ValueWriter(domain.domain)
    const connection = {
      brokers: [inject('kafkaBrokers')],
      clientId: 'test',
      ssl: false,
      sasl: null,
    }
    this.kafka = kafkaClient(connection, log, 5)
    this.admin = this.kafka.admin()
    this.producer = this.kafka.producer({ allowAutoTopicCreation: false })
    this.database = openDatabase({
      url: inject('databaseUrl'),
      applicationName: 'test',
      poolSize: 2,
      statementTimeoutMs: 10_000,
      log,
    })
  }

  static async set(domain: DomainConsumer, topics: 'made' | 'missing' = 'made'): Promise<Stage> {
    const stage = new Stage(domain)
    await Promise.all([stage.admin.connect(), stage.producer.connect()])
    await stage.#createTopic(controlTopic(stage.prefix), 1)
    const messages = await Promise.all(VERSIONS.map((version) => catalogueMessage(version)))
    await stage.producer.send({ topic: controlTopic(stage.prefix), messages })
    if (topics === 'made') await stage.createTopics()
    return stage
  }

  /** Publishes a version under another date; the schema of this stage's domain gets the id. */
  async publishCopy(version: Version, published: string, id: number): Promise<void> {
    const idOf = (domain: Domain) =>
      id + Math.abs(DOMAINS.indexOf(domain) - DOMAINS.indexOf(this.domain.domain)) * 1000
    const message = await catalogueMessage(version, published, idOf)
    await this.producer.send({ topic: controlTopic(this.prefix), messages: [message] })
  }

  topic(mode: Mode = 'sandbox'): string {
    return eventTopic(this.prefix, mode, this.domain.domain)
  }

  group(mode: Mode = 'sandbox'): string {
    return consumerGroup(this.prefix, mode, this.domain.domain, 'projector')
  }

  async createTopics(): Promise<void> {
    for (const mode of ['live', 'sandbox'] as const) await this.#createTopic(this.topic(mode), 12)
  }

  async #createTopic(topic: string, numPartitions: number): Promise<void> {
    await this.admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions }] })
    await eventually(
      async () => {
        const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] })
        const partitions = topics[0]?.partitions ?? []
        return partitions.length === numPartitions && partitions.every(({ leader }) => leader >= 0)
      },
      { withinMs: 20_000 },
    )
  }

  settings(changes: Readonly<Record<string, string>> = {}): ConsumerSettings {
    return loadSettings(CONSUMER_SETTINGS, {
      KAFKA_BROKERS: inject('kafkaBrokers'),
      DATABASE_URL: inject('databaseUrl'),
      TOPIC_PREFIX: this.prefix,
      ...changes,
    }) as ConsumerSettings
  }

  start(changes: Readonly<Record<string, string>> = {}): RunningConsumer & { metrics: Registry } {
    const metrics = new Registry()
    const settings = this.settings(changes)
    const running = startConsumer({
      domain: this.domain,
      settings,
      log,
      metrics,
      onFatal: (error) => {
        throw error
      },
    })
    this.#running.push(running)
    return Object.assign(running, { metrics })
  }

  /** The record's value for a body (an object, or JSON text to be kept as it is). */
  async encode(body: Body | string): Promise<Buffer> {
    return await this.#values.encode(body)
  }

  async send(bodies: readonly (Body | string)[], place: Place = {}): Promise<void> {
    const values = await Promise.all(bodies.map((body) => this.encode(body)))
    const tenants = bodies.map((body) => (typeof body === 'string' ? JSON.parse(body) : body))
    await this.sendValues(
      values.map((value, i) => [place.key ?? String(tenants[i].tenant_id), value]),
      place,
    )
  }

  async sendValues(
    records: readonly (readonly [string | null, Buffer | null])[],
    { mode = 'sandbox', partition }: Place = {},
  ): Promise<void> {
    const at = partition === undefined ? {} : { partition }
    const messages = records.map(([key, value]) => ({ key, value, ...at }))
    const topic = this.topic(mode)
    for (let i = 0; i < messages.length; i += SEND_AT_ONCE) {
      await this.producer.send({ topic, messages: messages.slice(i, i + SEND_AT_ONCE), acks: -1 })
    }
  }

  async rows(text: string, values: readonly SqlParameter[] = []): Promise<readonly Row[]> {
    return await this.database.session((connection) => connection.query({ text, values }))
  }

  /** What the inbox says of this stage's events: `id outcome effect`, sorted. */
  async outcomes(): Promise<readonly string[]> {
    const rows = await this.rows(
      'SELECT event_id, outcome, effect FROM runtime.inbox WHERE topic LIKE $1 ORDER BY event_id',
      [`${this.prefix}.%`],
    )
    return rows.map(({ event_id, outcome, effect }) => `${event_id} ${outcome} ${effect}`.trim())
  }

  /** Stops one consumer, or all. */
  async stop(consumer?: RunningConsumer): Promise<void> {
    const going = this.#running.filter((running) => consumer === undefined || running === consumer)
    for (const running of going) this.#running.splice(this.#running.indexOf(running), 1)
    await Promise.all(going.map((running) => running.stop()))
  }

  /** Ends everything of this stage; a second call changes nothing. */
  async clear(): Promise<void> {
    if (this.#cleared) return
    this.#cleared = true
    await this.stop()
    await removeTopics(inject('kafkaBrokers'), this.prefix)
    await Promise.all([this.producer.disconnect(), this.admin.disconnect(), this.database.end()])
  }
}
