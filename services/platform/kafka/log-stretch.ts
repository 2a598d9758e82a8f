import type { Assigner, Consumer, EachBatchPayload, PartitionAssigner } from 'kafkajs'
import kafkajs from 'kafkajs'
import type { Logger } from '../log.ts'
import { errorFields } from '../log.ts'
import type { KafkaConnection } from './connection.ts'
import { kafkaClient } from './connection.ts'
import type { FetchedRecord } from './fetched-batch.ts'
import { fetchedBatch } from './fetched-batch.ts'
import { leaveNothing, passingGroup } from './passing-group.ts'

/** A part of a partition, from the first offset to before the last. */
export interface LogStretch {
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  /** Exclusive, and never beyond the end of the partition: nothing new is waited for. */
  readonly to: bigint
}

export interface StretchRecord extends FetchedRecord {
  /** Milliseconds since the epoch, as the topic keeps it. */
  readonly timestampMs: number
}

export interface StretchReading {
  readonly connection: KafkaConnection
  readonly log: Logger
  /** At most one of a partition. */
  readonly stretches: readonly LogStretch[]
  /** Most bytes that one partition may bring at once; bounds the memory. */
  readonly bytesAtOnce: number
  /** Ends the reading between two calls of `onRecords`. */
  readonly signal: AbortSignal
  /** In order of a partition, one call at a time; a rejection ends the reading. */
  onRecords(stretch: LogStretch, records: readonly StretchRecord[]): void | Promise<void>
}

export type StretchEnd =
  | { readonly kind: 'read' | 'stopped' | 'crashed' | 'silent' }
  | { readonly kind: 'handler_failed'; readonly error: unknown }

/** Below the end of a partition a fetch answers at once; this long without any is a fault (C4). */
const SILENCE_MS = 10_000
const WATCH_INTERVAL_MS = 500
const HEARTBEAT_MS = 1000

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

/** Assigns only what is to be read, so that nothing else is fetched. */
function assignerOf(stretches: readonly LogStretch[]): PartitionAssigner {
  const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol
  const name = 'stretches'
  const version = 0
  const userData = Buffer.alloc(0)
  const assignment: Record<string, number[]> = {}
  for (const { topic, partition } of stretches) {
    assignment[topic] = [...(assignment[topic] ?? []), partition]
  }
  return (): Assigner => ({
    name,
    version,
    assign: async ({ members }) =>
      members.map(({ memberId }) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({ version, assignment, userData }),
      })),
    protocol: ({ topics }) => ({
      name,
      metadata: MemberMetadata.encode({ version, topics, userData }),
    }),
  })
}

class Reading {
  readonly #reading: StretchReading
  readonly #groupId: string
  readonly #consumer: Consumer
  readonly #ended: Promise<StretchEnd>
  /** What is still to be read, with the next offset of each. */
  readonly #open: Map<string, { readonly stretch: LogStretch; next: bigint }>
  #settle: (end: StretchEnd) => void = () => {}
  #lastSignMs = performance.now()
  #inHand: Promise<void> = Promise.resolve()

  constructor(reading: StretchReading) {
    this.#reading = reading
    this.#groupId = passingGroup(reading.connection.clientId)
    this.#open = new Map(
      reading.stretches
        .filter(({ from, to }) => from < to)
        .map((stretch) => [
          keyOf(stretch.topic, stretch.partition),
          { stretch, next: stretch.from },
        ]),
    )
    this.#ended = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#consumer = kafkaClient(reading.connection, reading.log, 1).consumer({
      groupId: this.#groupId,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: 300,
      maxBytesPerPartition: reading.bytesAtOnce,
      metadataMaxAge: 5000,
      sessionTimeout: 10_000,
      partitionAssigners: [assignerOf(reading.stretches)],
      retry: { retries: 1, initialRetryTime: 100, restartOnFailure: async () => false },
    })
  }

  async run(): Promise<StretchEnd> {
    const { connection, log, signal } = this.#reading
    if (this.#open.size === 0) return { kind: 'read' }
    const stopped = () => this.#settle({ kind: signal.aborted ? 'stopped' : 'crashed' })
    signal.addEventListener('abort', stopped, { once: true })
    const watch = setInterval(() => this.#checkSilence(), WATCH_INTERVAL_MS)
    try {
      if (signal.aborted) stopped()
      else void this.#start().catch(stopped)
      return await this.#ended
    } finally {
      clearInterval(watch)
      signal.removeEventListener('abort', stopped)
      await this.#inHand
      await leaveNothing(this.#consumer, { groupId: this.#groupId, connection, log })
    }
  }

  async #start(): Promise<void> {
    const topics = new Set([...this.#open.values()].map(({ stretch }) => stretch.topic))
    const { events } = this.#consumer
    this.#consumer.on(events.CRASH, () => this.#settle({ kind: 'crashed' }))
    // Before the first fetch, and after each rebalance.
    this.#consumer.on(events.GROUP_JOIN, () => this.#seek())
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning: true })
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => {
        this.#inHand = this.#batch(payload)
        return this.#inHand
      },
    })
  }

  #seek(): void {
    this.#lastSignMs = performance.now()
    for (const { stretch, next } of this.#open.values()) {
      const { topic, partition } = stretch
      this.#consumer.seek({ topic, partition, offset: next.toString() })
    }
  }

  #checkSilence(): void {
    if (performance.now() - this.#lastSignMs > SILENCE_MS) this.#settle({ kind: 'silent' })
  }

  async #batch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, resolveOffset } = payload
    const open = this.#open.get(keyOf(batch.topic, batch.partition))
    if (open === undefined || this.#reading.signal.aborted) return
    const timer = setInterval(() => {
      this.#lastSignMs = performance.now()
      void heartbeat().catch(() => {})
    }, HEARTBEAT_MS)
    try {
      await this.#hand(open, payload)
      resolveOffset(batch.lastOffset())
    } catch (error) {
      // C2: no error of ours may reach kafkajs, which would end or repeat on its own terms.
      this.#reading.log.error({ event: 'log_stretch.handler_failed', ...errorFields(error) })
      this.#settle({ kind: 'handler_failed', error })
    } finally {
      clearInterval(timer)
      this.#lastSignMs = performance.now()
    }
  }

  async #hand(
    open: { readonly stretch: LogStretch; next: bigint },
    payload: EachBatchPayload,
  ): Promise<void> {
    const { stretch } = open
    const { topic, partition, to } = stretch
    const { records, endOffset } = fetchedBatch(payload)
    const dated = records.map((record, i) => ({
      ...record,
      timestampMs: Number(payload.batch.messages[i]?.timestamp),
    }))
    const own = dated.filter(({ offset }) => offset >= open.next && offset < to)
    if (own.length > 0) await this.#reading.onRecords(stretch, own)
    if (endOffset > open.next) open.next = endOffset
    if (open.next < to) return
    this.#open.delete(keyOf(topic, partition))
    if (this.#open.size === 0) this.#settle({ kind: 'read' })
    else this.#consumer.pause([{ topic, partitions: [partition] }])
  }
}

/**
 * Reads parts of partitions once and leaves neither offsets nor a consumer group behind. Never
 * rejects: whatever goes wrong is the end that it returns.
 */
export async function readStretches(reading: StretchReading): Promise<StretchEnd> {
  return await new Reading(reading).run()
}
