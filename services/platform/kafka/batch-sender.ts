import { setTimeout as delay } from 'node:timers/promises'
import type {
  Message,
  PartitionerArgs,
  Producer,
  ProducerConfig,
  RecordMetadata,
  TopicMessages,
} from 'kafkajs'
import type { Attempt, OutgoingRecord, PartitionAnswer } from '#core/commit.ts'
import type { Logger } from '../log.ts'
import { errorFields } from '../log.ts'
import { Outage } from '../outage.ts'
import { RollCall } from './broker-roll-call.ts'
import { ClientSockets } from './client-sockets.ts'
import type { KafkaConnection } from './connection.ts'
import { kafkaClient } from './connection.ts'
import type { LeaderCall } from './leader-calls.ts'
import { attemptOfCalls, LeaderMap } from './leader-calls.ts'
import { attemptOf, isOfTopic } from './send-errors.ts'

/** What a send may cost in time; the table of consequences is in `client-pitfalls.md`, P3 and P4. */
export interface BatchSenderOptions {
  readonly connection: KafkaConnection
  readonly log: Logger
  /** Our own timer round each attempt, since `send` may connect, refresh and produce: 3500 ms. */
  readonly attemptTimeoutMs: number
  /** Waited between attempts to connect. */
  readonly reconnectDelayMs: number
}

/**
 * Rules P1, P3, P4 and P7. Idempotent kafkajs producers acknowledge what was never written; a moved
 * leader is heard of within 5 s, where the library's default is 300 s; repeating is our business.
 */
export const PRODUCER = {
  idempotent: false,
  allowAutoTopicCreation: false,
  metadataMaxAge: 5000,
  retry: { retries: 0 },
} as const satisfies ProducerConfig

/** kafkajs shows what it knows of a topic to whoever chooses the partition, and to nobody else. */
function partitionerThatTells(leaders: LeaderMap) {
  return ({ topic, partitionMetadata, message }: PartitionerArgs): number => {
    leaders.heard(topic, partitionMetadata)
    return message.partition ?? 0
  }
}
const DISCONNECT_CAP_MS = 2000
/** The broker's own time to gather all acknowledgements of one request. */
const ACKS_TIMEOUT_MS = 2500
/** So that the answers are there before the broker gives up. */
const DOUBT_AFTER_MS = 1000

function kafkaMessage({ key, value, partition, headers }: OutgoingRecord): Message {
  const bytes = value && Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return { key, value: bytes, partition, headers }
}

function byTopic(batch: readonly OutgoingRecord[]): TopicMessages[] {
  const topics = new Map<string, Message[]>()
  for (const record of batch) {
    const messages = topics.get(record.topic)
    if (messages === undefined) topics.set(record.topic, [kafkaMessage(record)])
    else messages.push(kafkaMessage(record))
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }))
}

function partitionAnswer(metadata: RecordMetadata): PartitionAnswer {
  const { topicName: topic, partition, errorCode, baseOffset } = metadata
  return { topic, partition, errorCode, baseOffset }
}

/** A connected producer, and what ends it at once. */
interface Line {
  readonly producer: Producer
  readonly sockets: ClientSockets
}

/** A call that may not have ended yet. */
interface OpenCall extends LeaderCall {
  readonly line: Line
  attempt: Attempt
}

const EXPIRED: Attempt = { kind: 'unknown', reason: 'attempt_timeout' }
const UNCONNECTED: Attempt = { kind: 'unknown', reason: 'not_connected' }

/**
 * One attempt at a time to write a batch, on a plain producer that is thrown away after every
 * time-out or connection error (P1, P3, P4, P7). It repeats nothing: what is uncovered is the
 * business of the group commit.
 */
export class BatchSender {
  readonly #options: BatchSenderOptions
  #line: Line | null = null
  #connecting: Promise<void> | null = null
  #closed = false
  #isStale = false
  /** Outlives producers: a new one would have to run into a silent broker to hear of it. */
  readonly #leaders = new LeaderMap()
  readonly #unreachable: Outage
  readonly #failing: Outage

  constructor(options: BatchSenderOptions) {
    this.#options = options
    const { log } = options
    this.#unreachable = new Outage({ log, away: 'kafka.unreachable', back: 'kafka.reached' })
    this.#failing = new Outage({
      log,
      away: 'kafka.attempt_failed',
      back: 'kafka.attempt_answered',
    })
  }

  /** Starts to connect in the background; safe to call again. */
  connect(): void {
    if (this.#closed || this.#line !== null || this.#connecting !== null) return
    this.#connecting = this.#connectUntilDone().finally(() => {
      this.#connecting = null
    })
  }

  /** What is wrong, for readiness; null while connected. */
  problem(): string | null {
    return this.#line === null ? 'Kafka cannot be reached' : null
  }

  /**
   * Writes the batch with acks=all, or says what is known of it. Never throws. Each leader has a
   * call of its own, since kafkajs would lose the answers of all others with the one that fails.
   */
  async attempt(batch: readonly OutgoingRecord[]): Promise<Attempt> {
    const { connection, log } = this.#options
    const over = new AbortController()
    const rollCall = new RollCall(connection, log, DOUBT_AFTER_MS)
    const expired = this.#expiry(over.signal)
    const calls: OpenCall[] = []
    try {
      await Promise.race([this.#send(batch, calls, over.signal), expired])
    } finally {
      over.abort()
    }
    const unsent = this.#closed ? UNCONNECTED : EXPIRED
    const absent = rollCall.end()
    const attempt = calls.length === 0 ? unsent : attemptOfCalls(calls, this.#leaders, absent)
    this.#concluded(calls, attempt)
    return attempt
  }

  /** The next attempt takes a new producer: this one may not have heard that leaders moved. */
  renew(): void {
    this.#isStale = true
  }

  /** Disconnects within 2 s; what is still in flight must have been waited for before (P6). */
  async close(): Promise<void> {
    this.#closed = true
    const line = this.#line
    this.#line = null
    if (line === null) return
    await Promise.race([this.#disconnect(line.producer), delay(DISCONNECT_CAP_MS)])
    line.sockets.cut()
  }

  #expiry(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#discard(this.#line)
        resolve()
      }, this.#options.attemptTimeoutMs)
      signal.addEventListener('abort', () => clearTimeout(timer))
    })
  }

  async #send(
    batch: readonly OutgoingRecord[],
    calls: OpenCall[],
    over: AbortSignal,
  ): Promise<void> {
    if (this.#isStale) this.#discard(this.#line)
    this.#isStale = false
    const line = await this.#connected()
    // An attempt that is over must not send later, beside the one that took its place (P9).
    if (line === null || over.aborted) return
    const groups = [...this.#leaders.grouped(batch)]
    const own = groups.map(([leader, records]): OpenCall => {
      return { line, leader, records, attempt: EXPIRED }
    })
    calls.push(...own)
    await Promise.all(
      own.map(async (call) => {
        call.attempt = await this.#call(line, call.records)
      }),
    )
  }

  async #call({ producer }: Line, records: readonly OutgoingRecord[]): Promise<Attempt> {
    try {
      const answer = await producer.sendBatch({
        acks: -1,
        timeout: ACKS_TIMEOUT_MS,
        topicMessages: byTopic(records),
      })
      return { kind: 'answered', partitions: answer.map(partitionAnswer) }
    } catch (error) {
      return attemptOf(error)
    }
  }

  #concluded(calls: readonly OpenCall[], attempt: Attempt): void {
    const attempts = calls.map((call) => call.attempt)
    const wrong = attempts.find(({ kind }) => kind !== 'answered') ?? attempt
    if (wrong.kind === 'answered') this.#failing.back()
    else this.#failing.away({ reason: wrong.reason })
    // A protocol answer proves the connection; kafkajs has refreshed its metadata by itself. What
    // a whole topic suffers stays in its metadata for ever, so that producer goes too; so does one
    // that would ask an absent broker for metadata, since it has a connection to it.
    const isSpoilt =
      attempts.some((one) => one.kind === 'unknown' || isOfTopic(one)) ||
      (attempt.kind === 'answered' && attempt.stuck?.cause === 'absence')
    if (isSpoilt) this.#discard(calls[0]?.line ?? null)
  }

  async #connected(): Promise<Line | null> {
    while (this.#line === null && !this.#closed) {
      this.connect()
      await this.#connecting
    }
    return this.#line
  }

  #discard(line: Line | null): void {
    if (line === null || line !== this.#line) return
    this.#line = null
    this.#abandon(line)
    this.connect()
  }

  /** Nothing is sent from now on; what kafkajs still holds is let go. */
  #abandon({ producer, sockets }: Line): void {
    sockets.cut()
    void this.#disconnect(producer)
  }

  async #disconnect(producer: Producer): Promise<void> {
    try {
      await producer.disconnect()
    } catch (error) {
      this.#options.log.debug({ event: 'kafka.disconnect_failed', ...errorFields(error) })
    }
  }

  async #connectUntilDone(): Promise<void> {
    while (!this.#closed) {
      const line = await this.#connectToAny()
      if (line !== null) {
        if (this.#closed) this.#abandon(line)
        else this.#line = line
        this.#unreachable.back()
        return
      }
      this.#unreachable.away()
      await delay(this.#options.reconnectDelayMs)
    }
  }

  /** Asks every seed at once: one hung broker must not cost the deadline of a record (P4). */
  async #connectToAny(): Promise<Line | null> {
    const candidates = this.#options.connection.brokers.map((seed) => this.#candidate(seed))
    const chosen = await Promise.any(candidates.map((line) => this.#connectLine(line))).catch(
      () => null,
    )
    for (const line of candidates) if (line !== chosen) this.#abandon(line)
    return chosen
  }

  #candidate(seed: string): Line {
    const { connection, log } = this.#options
    const sockets = new ClientSockets()
    const client = kafkaClient({ ...connection, brokers: [seed] }, log, 0, sockets.factory)
    const createPartitioner = () => partitionerThatTells(this.#leaders)
    return { producer: client.producer({ ...PRODUCER, createPartitioner }), sockets }
  }

  async #connectLine(line: Line): Promise<Line> {
    await line.producer.connect()
    return line
  }
}
