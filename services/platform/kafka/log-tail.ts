import type { Consumer, EachBatchPayload, IHeaders, KafkaMessage } from 'kafkajs'
import type { Logger } from '../log.ts'
import { errorFields } from '../log.ts'
import type { KafkaConnection } from './connection.ts'
import { kafkaClient } from './connection.ts'
import { leaveNothing, passingGroup } from './passing-group.ts'

/** One record as read from a topic. */
export interface LogRecord {
  readonly topic: string
  readonly partition: number
  /** Decimal, since an offset is a 64-bit number. */
  readonly offset: string
  /** Milliseconds since the epoch, as the topic keeps it. */
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}

export interface LogFollowing {
  readonly connection: KafkaConnection
  readonly topics: readonly string[]
  /** False begins with what is written from now on. */
  readonly fromBeginning: boolean
  readonly log: Logger
  /** Called in order of a partition; a rejection ends the following with that reason. */
  onRecords(records: readonly LogRecord[]): void | Promise<void>
  /**
   * A broker answered a request (name of Kafka's API, and how many milliseconds ago it was sent).
   * kafkajs's own FETCH event is no proof of a fetch: it also comes from brokers that lead
   * nothing, and after a connection broke.
   */
  onAnswer?(api: string, tookMs: number): void
}

export type FollowEnd = 'stopped' | 'crashed' | 'silent' | 'handler_failed'

/** Reads topics without leaving offsets or a consumer group behind. */
export interface LogFollower {
  /** Why no more records come. Never rejects. */
  readonly ended: Promise<FollowEnd>
  stop(): Promise<void>
}

/** C4: kafkajs can wait for ever without an event; this long without a fetch is an end. */
const SILENCE_MS = 10_000
const WATCH_INTERVAL_MS = 1000

function headerTexts(headers: IHeaders | undefined): Record<string, string> {
  const pairs = Object.entries(headers ?? {}).flatMap(([name, value]) => {
    const [first] = Array.isArray(value) ? value : [value]
    return first === undefined ? [] : [[name, first.toString()] as const]
  })
  return Object.fromEntries(pairs)
}

function recordOf(topic: string, partition: number, message: KafkaMessage): LogRecord {
  return {
    topic,
    partition,
    offset: message.offset,
    timestampMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: headerTexts(message.headers),
  }
}

class Following {
  readonly ended: Promise<FollowEnd>
  readonly #options: LogFollowing
  readonly #groupId: string
  readonly #consumer: Consumer
  #settle: (end: FollowEnd) => void = () => {}
  #watch: NodeJS.Timeout | undefined
  #lastFetchMs = performance.now()

  constructor(options: LogFollowing) {
    this.#options = options
    this.#groupId = passingGroup(options.connection.clientId)
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#consumer = kafkaClient(options.connection, options.log, 1).consumer({
      groupId: this.#groupId,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: 300,
      metadataMaxAge: 5000,
      sessionTimeout: 10_000,
      // A crash ends this following; whoever wants to go on starts a new one.
      retry: { retries: 1, initialRetryTime: 100, restartOnFailure: async () => false },
    })
  }

  async start(): Promise<void> {
    const { topics, fromBeginning } = this.#options
    this.#listen()
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning })
    this.#lastFetchMs = performance.now()
    this.#watch = setInterval(() => this.#checkSilence(), WATCH_INTERVAL_MS)
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.#batch(payload),
    })
  }

  async stop(end: FollowEnd = 'stopped'): Promise<void> {
    this.#settle(end)
    clearInterval(this.#watch)
    const { connection, log } = this.#options
    await leaveNothing(this.#consumer, { groupId: this.#groupId, connection, log })
  }

  #listen(): void {
    const { events } = this.#consumer
    this.#consumer.on(events.CRASH, () => this.#settle('crashed'))
    this.#consumer.on(events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'Fetch') this.#lastFetchMs = performance.now()
      this.#options.onAnswer?.(payload.apiName, payload.duration)
    })
  }

  #checkSilence(): void {
    if (performance.now() - this.#lastFetchMs > SILENCE_MS) this.#settle('silent')
  }

  async #batch({ batch, resolveOffset }: EachBatchPayload): Promise<void> {
    const records = batch.messages.map((message) => recordOf(batch.topic, batch.partition, message))
    try {
      await this.#options.onRecords(records)
    } catch (error) {
      // C2: no error of ours may reach kafkajs, which would end or repeat on its own terms.
      this.#options.log.error({ event: 'log_tail.handler_failed', ...errorFields(error) })
      this.#settle('handler_failed')
      return
    }
    resolveOffset(batch.lastOffset())
  }
}

/**
 * Connects and reads until stopped, crashed or silent for 10 s; does not reconnect by itself.
 *
 * @throws when no broker answers or a topic is missing.
 */
export async function followLog(options: LogFollowing): Promise<LogFollower> {
  const following = new Following(options)
  try {
    await following.start()
  } catch (error) {
    await following.stop('crashed')
    throw error
  }
  return { ended: following.ended, stop: () => following.stop() }
}
