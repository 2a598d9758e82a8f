import type { Attempt, BatchLimits, OutgoingRecord } from '#core/commit.ts'
import { batchLength, coverage } from '#core/commit.ts'
import type { Coordinate } from '#core/outcome.ts'

/** What the group commit needs of Kafka: one attempt to write a batch, which never throws. */
export interface BatchWriter {
  attempt(batch: readonly OutgoingRecord[]): Promise<Attempt>
}

/** What became of one record. */
export type Commitment =
  | { readonly kind: 'durable'; readonly at: Coordinate }
  /** Not covered by an answer before its deadline; it may have been written. */
  | { readonly kind: 'expired' }
  /** The broker will not take it: our configuration is at fault. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface GroupCommitLimits {
  readonly batch: BatchLimits
  /** Records waiting or in flight. */
  readonly queueRecords: number
  /** Their bytes. */
  readonly queueBytes: number
  /** Nothing new is taken while the oldest record has waited longer than this. */
  readonly queueAgeMs: number
  /** A record that is not durable after this is given up: the sender hangs up at 15 s. */
  readonly deadlineMs: number
  /** Waited after an attempt that left something uncovered. */
  readonly backOffMs: number
}

/** For metrics and readiness; called synchronously. */
export interface GroupCommitObserver {
  attempted(kind: Attempt['kind'], records: number, uncovered: number): void
}

interface Waiting {
  readonly record: OutgoingRecord
  readonly size: number
  readonly since: number
  readonly settle: (commitment: Commitment) => void
  settled: boolean
}

/** What a record costs besides its value, roughly: key, headers, framing. */
const RECORD_OVERHEAD_BYTES = 256
const EXPIRY_CHECK_MS = 100
/** A topic that was refused is left alone for this long, so that it does not slow the others. */
const TOPIC_PAUSE_MS = 1000

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/**
 * Group commit: no timer; when nothing is in flight, what is there goes out, and whatever comes in
 * meanwhile is the next batch. One batch in flight keeps the order of every partition (P9), and
 * what an answer does not cover goes out again, first, until its deadline (P2).
 */
export class GroupCommit {
  readonly #writer: BatchWriter
  readonly #limits: GroupCommitLimits
  readonly #now: () => number
  readonly #observer: GroupCommitObserver
  readonly #pausedTopics = new Map<string, { readonly until: number; readonly reason: string }>()
  #queue: Waiting[] = []
  #flying: readonly Waiting[] = []
  #records = 0
  #bytes = 0
  #pumping = false
  #batchRecords: number
  #expiry: NodeJS.Timeout | null = null
  #idle: (() => void)[] = []

  constructor(
    writer: BatchWriter,
    limits: GroupCommitLimits,
    observer: GroupCommitObserver,
    now: () => number,
  ) {
    this.#writer = writer
    this.#limits = limits
    this.#observer = observer
    this.#now = now
    this.#batchRecords = limits.batch.records
  }

  /** Records that wait or are in flight. */
  get depth(): number {
    return this.#records
  }

  /** Bytes that wait or are in flight. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether a new record would be refused now: too many, too large together, or too old. */
  full(): boolean {
    const { queueRecords, queueBytes, queueAgeMs } = this.#limits
    if (this.#records >= queueRecords || this.#bytes >= queueBytes) return true
    const oldest = this.#oldest()
    return oldest !== undefined && this.#now() - oldest.since > queueAgeMs
  }

  /** Takes a record; the promise is settled by the deadline at the latest and never rejects. */
  submit(record: OutgoingRecord): Promise<Commitment> {
    return new Promise((settle) => {
      const size = (record.value?.byteLength ?? 0) + RECORD_OVERHEAD_BYTES
      this.#queue.push({ record, size, since: this.#now(), settle, settled: false })
      this.#records += 1
      this.#bytes += size
      this.#expiry ??= setInterval(() => this.#expire(), EXPIRY_CHECK_MS)
      if (!this.#pumping) void this.#pump()
    })
  }

  /** Resolves when nothing waits and nothing is in flight. */
  drained(): Promise<void> {
    if (this.#records === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #oldest(): Waiting | undefined {
    return this.#flying.find((waiting) => !waiting.settled) ?? this.#queue[0]
  }

  #settle(waiting: Waiting, commitment: Commitment): void {
    if (waiting.settled) return
    waiting.settled = true
    this.#records -= 1
    this.#bytes -= waiting.size
    waiting.settle(commitment)
    if (this.#records === 0) this.#rest()
  }

  #rest(): void {
    if (this.#expiry !== null) clearInterval(this.#expiry)
    this.#expiry = null
    const idle = this.#idle
    this.#idle = []
    for (const resolve of idle) resolve()
  }

  #expire(): void {
    const before = this.#now() - this.#limits.deadlineMs
    for (const waiting of [...this.#flying, ...this.#queue]) {
      if (waiting.since <= before) this.#settle(waiting, { kind: 'expired' })
    }
    this.#dropSettled()
  }

  #dropSettled(): void {
    if (this.#queue.some(({ settled }) => settled)) {
      this.#queue = this.#queue.filter(({ settled }) => !settled)
    }
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    // Requests that were read in the same turn of the event loop share the first batch.
    await new Promise((resolve) => setImmediate(resolve))
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
      this.#flying = batch
      const attempt = await this.#writer.attempt(batch.map(({ record }) => record))
      const left = this.#absorb(batch, attempt)
      this.#flying = []
      this.#queue = left.length === 0 ? this.#queue : [...left, ...this.#queue]
      if (left.length > 0 && attempt.kind !== 'refused') await delay(this.#limits.backOffMs)
    }
    this.#pumping = false
  }

  #take(): readonly Waiting[] {
    this.#refusePaused()
    this.#dropSettled()
    const { bytes } = this.#limits.batch
    const sizes = this.#queue.slice(0, this.#batchRecords).map(({ size }) => size)
    return this.#queue.splice(0, batchLength(sizes, { records: this.#batchRecords, bytes }))
  }

  #refusePaused(): void {
    if (this.#pausedTopics.size === 0) return
    const now = this.#now()
    for (const [topic, { until }] of this.#pausedTopics) {
      if (until <= now) this.#pausedTopics.delete(topic)
    }
    for (const waiting of this.#queue) {
      const pause = this.#pausedTopics.get(waiting.record.topic)
      if (pause !== undefined) this.#settle(waiting, { kind: 'refused', reason: pause.reason })
    }
  }

  /** Settles what the attempt decided and returns what must go out again, in order. */
  #absorb(batch: readonly Waiting[], attempt: Attempt): readonly Waiting[] {
    if (attempt.kind === 'refused') return this.#isolate(batch, attempt)
    const partitions = attempt.kind === 'answered' ? attempt.partitions : []
    const places = coverage(
      batch.map(({ record }) => record),
      partitions,
    )
    const left = batch.filter((waiting, i) => {
      const at = places[i] ?? null
      if (at !== null) this.#settle(waiting, { kind: 'durable', at })
      return at === null && !waiting.settled
    })
    if (attempt.kind === 'answered') this.#growBatch()
    this.#observer.attempted(attempt.kind, batch.length, left.length)
    return left
  }

  /**
   * kafkajs reports one partition's error for the whole call (P5), so the culprit is found by
   * halving the batch until it stands alone; nobody else is refused because of it.
   */
  #isolate(
    batch: readonly Waiting[],
    { scope, reason }: Attempt & { kind: 'refused' },
  ): readonly Waiting[] {
    const [first] = batch
    this.#observer.attempted('refused', batch.length, batch.length)
    if (batch.length > 1 || first === undefined) {
      this.#batchRecords = Math.ceil(batch.length / 2)
      return batch.filter(({ settled }) => !settled)
    }
    if (scope === 'topic') {
      this.#pausedTopics.set(first.record.topic, { until: this.#now() + TOPIC_PAUSE_MS, reason })
    }
    this.#settle(first, { kind: 'refused', reason })
    this.#growBatch()
    return []
  }

  #growBatch(): void {
    this.#batchRecords = Math.min(this.#limits.batch.records, this.#batchRecords * 2)
  }
}
