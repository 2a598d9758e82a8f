import type { Attempt, BatchLimits, OutgoingRecord } from '#core/commit.ts'
import { batchLength, coverage } from '#core/commit.ts'
import type { Coordinate } from '#core/outcome.ts'
import type { QueueLimits, QueueUse, TenantUse } from './pressure.ts'
import { queueLimit } from './pressure.ts'
import type { Line } from './tenant-lines.ts'
import { TenantLines } from './tenant-lines.ts'

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

export interface GroupCommitLimits extends QueueLimits {
  readonly batch: BatchLimits
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
  readonly line: Line<Waiting>
  readonly size: number
  readonly since: number
  /** When its turn came for the first time. */
  turnAt: number
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
 * what an answer does not cover goes out again, first, until its deadline (P2). Batches are filled
 * turn by turn over the tenants (a record's key), so that nobody waits behind a long line of
 * another; each tenant's own order is kept.
 */
export class GroupCommit {
  readonly #writer: BatchWriter
  readonly #limits: GroupCommitLimits
  readonly #now: () => number
  readonly #observer: GroupCommitObserver
  readonly #pausedTopics = new Map<string, { readonly until: number; readonly reason: string }>()
  readonly #lines = new TenantLines<Waiting>()
  /** What goes out again before anything new, in its order. */
  #again: Waiting[] = []
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

  /** Tenants that have something waiting or in flight. */
  get tenants(): number {
    return this.#lines.size
  }

  /** What is used of the queue, and how long whoever comes now may have to wait for a turn. */
  use(): QueueUse {
    const now = this.#now()
    return { records: this.#records, bytes: this.#bytes, waitMs: now - this.#turnSince(now) }
  }

  /** What one tenant has of it; `alone` when nobody else has anything. */
  useOf(tenant: string): TenantUse {
    const line = this.#lines.of(tenant)
    const alone = this.#lines.size === (line === undefined ? 0 : 1)
    if (line === undefined) return { records: 0, bytes: 0, waitMs: 0, alone }
    const since = line.waiting[line.first]?.since
    const waitMs = since === undefined ? 0 : this.#now() - since
    return { records: line.records, bytes: line.bytes, waitMs, alone }
  }

  /** Whether a new record would be refused now: too many, too large together, or too old. */
  full(): boolean {
    return queueLimit(this.use(), this.#limits) !== null
  }

  /** Takes a record; the promise is settled by the deadline at the latest and never rejects. */
  submit(record: OutgoingRecord): Promise<Commitment> {
    return new Promise((settle) => {
      const size = (record.value?.byteLength ?? 0) + RECORD_OVERHEAD_BYTES
      const now = this.#now()
      const make = (line: Line<Waiting>) => {
        return { record, line, size, since: now, turnAt: now, settle, settled: false }
      }
      this.#lines.join(record.key, make, now)
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

  /** Since when the longest wait for an answer or for a turn lasts; `now` when there is none. */
  #turnSince(now: number): number {
    const again = this.#flying.find(({ settled }) => !settled) ?? this.#again[0]
    return Math.min(again?.turnAt ?? now, this.#lines.turnSince() ?? now)
  }

  #settle(waiting: Waiting, commitment: Commitment): void {
    if (waiting.settled) return
    waiting.settled = true
    this.#records -= 1
    this.#bytes -= waiting.size
    this.#lines.leave(waiting.line, waiting)
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
    let expired = false
    for (const list of [this.#flying, this.#again, this.#lines.waiting()]) {
      for (const waiting of list) {
        if (waiting.since > before || waiting.settled) continue
        this.#settle(waiting, { kind: 'expired' })
        expired = true
      }
    }
    if (expired) this.#dropSettled()
  }

  /** What is in flight stays there: its place in the batch is its place in the answer. */
  #dropSettled(): void {
    this.#again = this.#again.filter(({ settled }) => !settled)
    this.#lines.drop(({ settled }) => settled)
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
      if (left.length > 0) this.#again = [...left, ...this.#again]
      if (left.length > 0 && attempt.kind !== 'refused') await delay(this.#limits.backOffMs)
    }
    this.#pumping = false
  }

  #take(): readonly Waiting[] {
    this.#refusePaused()
    const now = this.#now()
    const limits = { records: this.#batchRecords, bytes: this.#limits.batch.bytes }
    const sizes = this.#again.slice(0, limits.records).map(({ size }) => size)
    const again = this.#again.splice(0, batchLength(sizes, limits))
    // What waits to go out again may be of the same tenants, and nothing overtakes it.
    if (this.#again.length > 0) return again
    const bytes = limits.bytes - sizes.reduce((sum, size) => sum + size, 0)
    const records = limits.records - again.length
    const fresh = this.#lines.take({ records, bytes }, again.length === 0, now)
    for (const waiting of fresh) waiting.turnAt = now
    return again.length === 0 ? fresh : [...again, ...fresh]
  }

  #refusePaused(): void {
    if (this.#pausedTopics.size === 0) return
    const now = this.#now()
    for (const [topic, { until }] of this.#pausedTopics) {
      if (until <= now) this.#pausedTopics.delete(topic)
    }
    for (const list of [this.#again, this.#lines.waiting()]) {
      for (const waiting of list) {
        const pause = this.#pausedTopics.get(waiting.record.topic)
        if (pause !== undefined) this.#settle(waiting, { kind: 'refused', reason: pause.reason })
      }
    }
    this.#dropSettled()
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
