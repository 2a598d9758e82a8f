import type { Consumer, ConsumerConfig, ConsumerRunConfig, EachBatchPayload, Kafka } from 'kafkajs'
import type { Logger } from '../log.ts'
import { errorFields } from '../log.ts'
import { cappedWait } from './capped-wait.ts'
import type { KafkaConnection } from './connection.ts'
import { kafkaClient } from './connection.ts'
import { losesMembership } from './consumer-crash.ts'
import { FetchProgress } from './fetch-progress.ts'
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
  /** `WATCH` unless given. */
  readonly watch?: Watch
  /** The first fetch of a life was answered. */
  readonly onFetching?: () => void
}

/** How long a consumer may give no sign before it is replaced (C4). */
export interface Watch {
  /** Without any answer of a broker. */
  readonly silenceMs: number
  /** With answers, but without progress although there is more to read. */
  readonly standstillMs: number
}

/** Longer than a join may wait for other members, so that a slow rebalance is no silence. */
export const WATCH: Watch = { silenceMs: 25_000, standstillMs: 60_000 }

const HEARTBEAT_MS = 1000
/** Rules C4, C7, C11 and C12 of `client-pitfalls.md`. */
export const CONSUMER = {
  // After a kill, of this process or of the broker, the old member is waited for this long. Half of
  // it is as long as the longest statement; brokers refuse less than 6 s.
  sessionTimeout: 10_000,
  rebalanceTimeout: 20_000,
  heartbeatInterval: HEARTBEAT_MS,
  maxWaitTimeInMs: 300,
  maxBytesPerPartition: 256 * 1024,
  allowAutoTopicCreation: false,
  metadataMaxAge: 5000,
  retry: { retries: 1, restartOnFailure: async () => false },
} as const satisfies Omit<ConsumerConfig, 'groupId'>
/** Rules C1 and C11: nothing is committed but what is done; no partition waits for a worker. */
export const RUN = {
  autoCommit: false,
  eachBatchAutoResolve: false,
  partitionsConsumedConcurrently: 12,
} as const satisfies ConsumerRunConfig
const WATCH_INTERVAL_MS = 1000
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

/**
 * Whether a batch may be worked on (C6): kafkajs neither interrupts a handler when its partition
 * goes to another member nor when it is to read from elsewhere.
 *
 * @param own what this member knows of itself: whether the generation of the batch is over, whether
 *   the service stops, whether a heartbeat was told that the membership is lost
 */
export function isHeld(
  own: { readonly over: boolean; readonly draining: boolean; readonly lost: boolean },
  { isRunning, isStale }: Pick<EachBatchPayload, 'isRunning' | 'isStale'>,
): boolean {
  return !own.over && !own.draining && !own.lost && isRunning() && !isStale()
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
  #lastSign = performance.now()
  readonly #progress: FetchProgress
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
    this.#consumer = this.#kafka.consumer({ ...CONSUMER, groupId: options.groupId })
    this.#listen()
    const { silenceMs, standstillMs } = options.watch ?? WATCH
    this.#progress = new FetchProgress(standstillMs, performance.now())
    this.#watchdog = setInterval(() => {
      const now = performance.now()
      const silent = now - this.#lastSign > silenceMs
      if (silent || this.#progress.standsStill(now)) this.#end({ kind: 'silence' })
    }, WATCH_INTERVAL_MS)
  }

  #listen(): void {
    const { events } = this.#consumer
    // Not FETCH: kafkajs emits it for fetches that found no broker, too.
    this.#consumer.on(events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'Fetch') {
        if (!this.fetched) this.#options.onFetching?.()
        this.fetched = true
        this.#progress.answered(performance.now())
      }
      if (SIGNS_OF_LIFE.has(payload.apiName)) this.#sign()
    })
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.generation = this.#nextGeneration()
      this.joined = true
      this.#sign()
      const partitions = payload.memberAssignment[this.#options.topic] ?? []
      this.#progress.assigned(partitions.length, performance.now())
    })
    this.#consumer.on(events.REBALANCING, () => this.#progress.assigned(0, performance.now()))
    // Where nothing can be seen (transaction markers, say), kafkajs moves on without the handler.
    this.#consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize > 0) return
      const next = BigInt(payload.lastOffset) + 1n
      this.#progress.moved(payload.partition, next, performance.now())
    })
    this.#consumer.on(events.CRASH, ({ payload }) =>
      this.#end({ kind: 'crash', error: payload.error }),
    )
  }

  #sign(): void {
    this.#lastSign = performance.now()
  }

  async open(): Promise<void> {
    try {
      await this.#consumer.connect()
      // Also where the offset that the group remembers is gone: kafkajs would skip to the end (C5).
      await this.#consumer.subscribe({ topics: [this.#options.topic], fromBeginning: true })
      await this.#consumer.run({
        ...RUN,
        eachBatch: (payload) => this.#kept(this.#handle(payload)),
      })
    } catch (error) {
      this.#end({ kind: 'crash', error })
    }
  }

  healthy(): boolean {
    return this.joined && !this.#over && performance.now() - this.#lastSign < UNHEALTHY_MS
  }

  /** Lets the batches in hand be committed or given up; takes no new ones. */
  async drain(): Promise<void> {
    this.#draining = true
    await cappedWait(Promise.all(this.#inHand), DRAIN_CAP_MS)
    this.#end({ kind: 'stopped' })
  }

  async close(): Promise<void> {
    clearInterval(this.#watchdog)
    this.#over = true
    // Also stops kafkajs's fetches; waits for its handlers.
    await cappedWait(this.#consumer.disconnect(), DISCONNECT_CAP_MS)
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
    this.#progress.taken(performance.now())
    try {
      const batch = fetchedBatch(payload)
      this.#progress.brought(batch, performance.now())
      const lease = this.#lease(payload, heartbeat, () => lost)
      await this.#options.handler(batch, lease)
    } catch (error) {
      this.#options.log.error({
        event: 'consumer.handler_failed',
        topic: payload.batch.topic,
        partition: payload.batch.partition,
        ...errorFields(error),
      })
    } finally {
      clearInterval(timer)
      this.#progress.released(performance.now())
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
      held: () => {
        const own = { over: !current(), draining: this.#draining, lost: lost() }
        return isHeld(own, payload)
      },
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
        if (!current()) return
        this.#consumer.seek({ topic, partition, offset: offset.toString() })
        this.#progress.moved(partition, offset, performance.now())
      },
      lowWatermark: () => this.#lowWatermark(topic, partition),
    }
  }

  /** A commit that fails costs nothing but a repetition, since the database knows what is done. */
  async #commit(payload: EachBatchPayload, nextOffset: bigint): Promise<void> {
    const { topic, partition } = payload.batch
    payload.resolveOffset((nextOffset - 1n).toString())
    this.#progress.moved(partition, nextOffset, performance.now())
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
      await cappedWait(admin.disconnect(), DISCONNECT_CAP_MS)
    }
  }
}
