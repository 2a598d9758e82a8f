import { setTimeout as pause } from 'node:timers/promises'
import { transactionEvents } from '../chaos/card-events.ts'
import type { Stand } from '../chaos/stand.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { Target } from './measurements.ts'

const PREFIX = 'bench'
const EVENTS = 40_000
const TENANTS = 200
const WINDOW_MS = 3000
const BATCHED = '500'
const SINGLE = '1'

/** The card consumer on a full topic, with batches and with one transaction an event. */
export class ConsumerBench {
  readonly #stand: Stand
  readonly #rounds: { readonly batched: number; readonly single: number }[] = []

  constructor(stand: Stand) {
    this.#stand = stand
  }

  /** Fills the topic. */
  async start(): Promise<void> {
    await this.#stand.addTopics(PREFIX)
    const eventOf = await transactionEvents()
    const events = Array.from({ length: EVENTS }, (_, n) => eventOf(`tnt_${n % TENANTS}`, n))
    await this.#stand.send(events, PREFIX)
  }

  async round(): Promise<void> {
    const isEven = this.#rounds.length % 2 === 0
    const first = isEven ? await this.#rate(BATCHED) : null
    const single = await this.#rate(SINGLE)
    this.#rounds.push({ batched: first ?? (await this.#rate(BATCHED)), single })
  }

  /** Events per second of one fresh process on a fresh database. */
  async #rate(batchMaxRecords: string): Promise<number> {
    const database = `bench_${this.#rounds.length}_${batchMaxRecords}`
    const url = await this.#stand.createDatabase(database)
    const env = { DATABASE_URL: url, TOPIC_PREFIX: PREFIX, BATCH_MAX_RECORDS: batchMaxRecords }
    const service = database.replaceAll('_', '-')
    const consumer = await this.#stand.startConsumer(
      { ...env, CONSUMER_SERVICE: service },
      'domain',
    )
    const passed = () => this.#stand.passed(url)
    const from = await eventually(async () => (await passed()) || null, { withinMs: 30_000 })
    const begun = performance.now()
    let to = from
    let took = 0
    while (took < WINDOW_MS && to < EVENTS) {
      await pause(20)
      to = await passed()
      took = performance.now() - begun
    }
    await consumer.kill()
    await this.#stand.dropDatabase(database)
    return ((to - from) / took) * 1000
  }

  targets(): readonly Target[] {
    const batched = this.#rounds.map((round) => round.batched)
    const single = this.#rounds.map((round) => round.single)
    return [
      { name: 'consumer, batched', unit: 'events/s', values: batched, bound: null },
      { name: 'consumer, 1 an event', unit: 'events/s', values: single, bound: null },
      {
        name: 'consumer, batched / 1 an event',
        unit: 'ratio',
        values: this.#rounds.map((round) => round.batched / round.single),
        bound: { kind: 'at least', value: 15 },
      },
    ]
  }
}
