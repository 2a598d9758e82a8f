import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import type { Logger } from '../log.ts'
import { errorFields } from '../log.ts'
import type { KafkaConnection } from './connection.ts'
import { kafkaClient } from './connection.ts'
import { losesMembership } from './consumer-crash.ts'
import type { BatchLease, FetchedBatch } from './fetched-batch.ts'
import { fetchedBatch } from './fetched-batch.ts'

/** Must not throw: what it throws is logged, and the batch is fetched again. */
type BatchHandler = (batch: FetchedBatch, lease: BatchLease) => Promise<void>

export interface LifeOptions {
  readonly connection: KafkaConnection
  readonly groupId: string
  readonly topic: string
  readonly handler: BatchHandler
  readonly log: Logger
}

/**
 * After a kill, of this process or of the broker, the old member is waited for this long. Half of
 * it is as long as the longest statement; brokers refuse less than 6 s.
 */
const SESSION_TIMEOUT_MS = 10_000
const HEARTBEAT_MS = 1000
/** Longer than a join may wait for other members, so that a slow rebalance is no silence. */
const SILENCE_MS = 25_000
const REBALANCE_TIMEOUT_MS = 20_000
const SIGNS_OF_LIFE: ReadonlySet<string> = new Set(['Fetch', 'Heartbeat', 'JoinGroup', 'SyncGroup'])
/** Several heartbeats missed in a row. */
const UNHEALTHY_MS = 6000
/** The longest statement, its answer and the commit of its offset. */
const DRAIN_CAP_MS = 8000
const DISCONNECT_CAP_MS = 2000

/** Why a consumer is no more. */
export type Ending =
  | { readonly kind: 'crash'; readonly error: unknown }
  | { readonly kind: 'silence' }
  | { readonly kind: 'stopped' }

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const cap = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work.catch(() => undefined), cap])
  clearTimeout(timer)
}

/** One kafkajs consumer from connect to its end; never restarted, always replaced. */
export class ConsumerLife {
  readonly ended: Promise<Ending>
  generation = 0
  joined = false
  /** A broker answered a fetch. */
  fetched = false
  #end: (ending: Ending) => void = () => undefined
  #over = false
  #draining = false
  readonly #inHand = new Set<Promise<void>>()
  #lastSign = Date.now()
  #watchdog: NodeJS.Timeout
  readonly #options: LifeOptions
  readonly #nextGeneration: () => number
  readonly #kafka: Kafka
  readonly #consumer: Consumer

  constructor(options: LifeOptions, nextGeneration: () => number) {
    this.#options = options
    this.#nextGeneration = nextGeneration
    this.ended = new Promise((resolve) => {
      this.#end = (ending) => {
        this.#over = true
        resolve(ending)
      }
    })
    this.#kafka = kafkaClient(options.connection, options.log, 1)
    this.#consumer = this.#newConsumer()
    this.#watchdog = setInterval(() => {
      if (Date.now() - this.#lastSign > SILENCE_MS) this.#end({ kind: 'silence' })
    }, 1000)
  }

  /** Rules C1, C4, C5, C11, C12 of `client-pitfalls.md`. */
  #newConsumer(): Consumer {
    const consumer = this.#kafka.consumer({
      groupId: this.#options.groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: 300,
      maxBytesPerPartition: 256 * 1024,
      allowAutoTopicCreation: false,
      metadataMaxAge: 5000,
      retry: { retries: 1, restartOnFailure: async () => false },
    })
    // Not FETCH: kafkajs emits it for fetches that found no broker, too.
    consumer.on(consumer.events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'Fetch') this.fetched = true
      if (SIGNS_OF_LIFE.has(payload.apiName)) this.#sign()
    })
    consumer.on(consumer.events.GROUP_JOIN, () => {
      this.generation = this.#nextGeneration()
      this.joined = true
      this.#sign()
    })
    consumer.on(consumer.events.CRASH, ({ payload }) =>
      this.#end({ kind: 'crash', error: payload.error }),
    )
    return consumer
  }

  #sign(): void {
    this.#lastSign = Date.now()
  }

  async open(): Promise<void> {
    try {
      await this.#consumer.connect()
      await this.#consumer.subscribe({ topics: [this.#options.topic], fromBeginning: true })
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 12,
        eachBatch: (payload) => this.#kept(this.#handle(payload)),
      })
    } catch (error) {
      this.#end({ kind: 'crash', error })
    }
  }

  healthy(): boolean {
    return this.joined && !this.#over && Date.now() - this.#lastSign < UNHEALTHY_MS
  }

  /** Lets the batches in hand be committed or given up; takes no new ones. */
  async drain(): Promise<void> {
    this.#draining = true
    await within(DRAIN_CAP_MS, Promise.all(this.#inHand))
    this.#end({ kind: 'stopped' })
  }

  async close(): Promise<void> {
    clearInterval(this.#watchdog)
    this.#over = true
    // Also stops kafkajs's fetches; waits for its handlers.
    await within(DISCONNECT_CAP_MS, this.#consumer.disconnect())
  }

  async #kept(work: Promise<void>): Promise<void> {
    this.#inHand.add(work)
    await work
    this.#inHand.delete(work)
  }

  /** C2, C7: nothing reaches kafkajs from here, and a timer keeps the membership alive. */
  async #handle(payload: EachBatchPayload): Promise<void> {
    if (this.#over || this.#draining) return
    let lost = false
    const heartbeat = async () => {
      try {
        await payload.heartbeat()
      } catch (error) {
        if (losesMembership(error)) lost = true
        throw error
      }
    }
    const timer = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_MS)
    try {
      await this.#options.handler(
        fetchedBatch(payload),
        this.#lease(payload, heartbeat, () => lost),
      )
    } catch (error) {
      this.#options.log.error({
        event: 'consumer.handler_failed',
        topic: payload.batch.topic,
        partition: payload.batch.partition,
        ...errorFields(error),
      })
    } finally {
      clearInterval(timer)
    }
  }

  #lease(
    payload: EachBatchPayload,
    heartbeat: () => Promise<void>,
    lost: () => boolean,
  ): BatchLease {
    const { generation } = this
    const { topic, partition } = payload.batch
    const current = () => !this.#over && generation === this.generation
    return {
      generation,
      held: () =>
        current() && !this.#draining && !lost() && payload.isRunning() && !payload.isStale(),
      // kafkajs sends nothing within a second of the last good heartbeat, and then does not throw.
      confirmed: async () => {
        if (!current() || lost()) return false
        return await heartbeat().then(
          () => current(),
          () => false,
        )
      },
      done: async (nextOffset) => {
        if (!current()) return
        await this.#commit(payload, nextOffset)
      },
      seek: (offset) => {
        if (current()) this.#consumer.seek({ topic, partition, offset: offset.toString() })
      },
      lowWatermark: () => this.#lowWatermark(topic, partition),
    }
  }

  /** A commit that fails costs nothing but a repetition, since the database knows what is done. */
  async #commit(payload: EachBatchPayload, nextOffset: bigint): Promise<void> {
    const { topic, partition } = payload.batch
    payload.resolveOffset((nextOffset - 1n).toString())
    const partitions = [{ partition, offset: nextOffset.toString() }]
    try {
      await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions }] })
    } catch (error) {
      this.#options.log.debug({
        event: 'consumer.commit_failed',
        topic,
        partition,
        ...errorFields(error),
      })
    }
  }

  async #lowWatermark(topic: string, partition: number): Promise<bigint> {
    const admin = this.#kafka.admin()
    try {
      await admin.connect()
      const offsets = await admin.fetchTopicOffsets(topic)
      return BigInt(offsets.find((found) => found.partition === partition)?.low ?? '0')
    } finally {
      await within(DISCONNECT_CAP_MS, admin.disconnect())
    }
  }
}
