import type { Attempt, OutgoingRecord, Stuck } from '#core/commit.ts'
import { batchLength, coverage, placesOf } from '#core/commit.ts'
import type {
  BatchWriter,
  BatchWriters,
  Commitment,
  GroupCommitLimits,
  GroupCommitObserver,
  MainWriter,
  Waiting,
} from './commitment.ts'
import { letGo } from './commitment.ts'
import type { QueueUse, TenantUse } from './pressure.ts'
import type { Line } from './tenant-lines.ts'
import { TenantLines } from './tenant-lines.ts'
import { TopicPauses } from './topic-pauses.ts'
import { TrialLane } from './trial-lane.ts'

/** What a record costs besides its value, roughly: key, headers, framing. */
const RECORD_OVERHEAD_BYTES = 256
const EXPIRY_CHECK_MS = 100

/**
 * Group commit: no timer; when nothing is in flight, what is there goes out, and whatever comes in
 * meanwhile is the next batch. One batch in flight keeps the order of every partition (P9), and
 * what an answer does not cover goes out again, first, until its deadline (P2). The partitions of
 * a batch that a broker answered with an error are held and tried apart, while all others go on. Batches are filled
 * turn by turn over the tenants (a record's key), so that nobody waits behind a long line of
 * another; each tenant's own order is kept.
 */
export class GroupCommit {
  readonly #writer: MainWriter
  readonly #limits: GroupCommitLimits
  readonly #now: () => number
  readonly #observer: GroupCommitObserver
  readonly #pauses = new TopicPauses()
  readonly #lines = new TenantLines<Waiting>()
  readonly #trials: TrialLane<Waiting>
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
    writers: BatchWriters,
    limits: GroupCommitLimits,
    observer: GroupCommitObserver,
    now: () => number,
  ) {
    this.#writer = writers.main
    this.#limits = limits
    this.#observer = observer
    this.#now = now
    this.#batchRecords = limits.batch.records
    this.#trials = this.#newTrials(writers.trial)
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
    const since = line.waiting[line.first]?.turnAt
    const waitMs = since === undefined ? 0 : this.#now() - since
    return { records: line.records, bytes: line.bytes, waitMs, alone }
  }

  /** Takes a record; the promise is settled by the deadline at the latest and never rejects. */
  submit(record: OutgoingRecord): Promise<Commitment> {
    if (this.#trials.refuses(record)) return Promise.resolve({ kind: 'expired' })
    return new Promise((settle) => {
      const size = (record.value?.byteLength ?? 0) + RECORD_OVERHEAD_BYTES
      const now = this.#now()
      const make = (line: Line<Waiting>) => {
        const times = { since: now, turnAt: now }
        return { record, line, size, ...times, settle, settled: false, flights: 0 }
      }
      const held = this.#trials.has(record)
      const waiting = held
        ? this.#lines.count(record.key, make)
        : this.#lines.join(record.key, make, now)
      this.#records += 1
      this.#bytes += size
      this.#expiry ??= setInterval(() => this.#expire(), EXPIRY_CHECK_MS)
      if (held) this.#trials.add([waiting])
      else this.#wake()
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
    if (commitment.kind === 'durable') letGo(waiting)
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
    for (const list of [this.#flying, this.#again, this.#lines.waiting(), this.#trials.waiting()]) {
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
    this.#trials.dropSettled()
  }

  #wake(): void {
    if (!this.#pumping) void this.#pump()
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    // Requests that were read in the same turn of the event loop share the first batch.
    await new Promise((resolve) => setImmediate(resolve))
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
      this.#flying = batch
      for (const waiting of batch) waiting.flights += 1
      const attempt = await this.#writer.attempt(batch.map(({ record }) => record))
      const left = this.#absorb(batch, attempt)
      this.#flying = []
      if (left.length > 0) this.#again = [...left, ...this.#again]
      if (left.length === 0 || attempt.kind === 'refused') continue
      await new Promise((resolve) => setTimeout(resolve, this.#limits.backOffMs))
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
    if (this.#pauses.areOver(this.#now())) return
    for (const list of [this.#again, this.#lines.waiting()]) {
      for (const waiting of list) {
        const reason = this.#pauses.reasonOf(waiting.record.topic)
        if (reason !== undefined) this.#settle(waiting, { kind: 'refused', reason })
      }
    }
    this.#dropSettled()
  }

  /** Settles what the attempt decided and returns what must go out again, in order. */
  #absorb(batch: readonly Waiting[], attempt: Attempt): readonly Waiting[] {
    if (attempt.kind === 'refused') return this.#isolate(batch, attempt)
    if (attempt.kind === 'failed') {
      this.#observer.attempted('failed', batch.length, batch.length)
      // Every partition of the batch may be the culprit (P5).
      const places = placesOf(batch.map(({ record }) => record))
      return this.#hold(batch, { places, cause: 'error' })
    }
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
    const stuck = attempt.kind === 'answered' ? attempt.stuck : undefined
    return stuck === undefined ? left : this.#hold(left, stuck)
  }

  /**
   * kafkajs reports one partition's error for the whole call (P5), so the culprit is found by
   * halving the batch until it stands alone; nobody else is refused because of it.
   */
  #isolate(batch: readonly Waiting[], refusal: Attempt & { kind: 'refused' }): readonly Waiting[] {
    const [first] = batch
    this.#observer.attempted('refused', batch.length, batch.length)
    if (batch.length > 1 || first === undefined) {
      this.#batchRecords = Math.ceil(batch.length / 2)
      return batch.filter(({ settled }) => !settled)
    }
    this.#refuse(first, refusal)
    this.#growBatch()
    return []
  }

  /** What waits for these partitions waits apart from now on; returns what of the batch does not. */
  #hold(batch: readonly Waiting[], stuck: Stuck): readonly Waiting[] {
    this.#trials.hold(stuck)
    const isHeld = ({ record }: Waiting) => this.#trials.has(record)
    const again = this.#again.filter(isHeld)
    this.#again = this.#again.filter((waiting) => !isHeld(waiting))
    const waiting = [...batch.filter(isHeld), ...again, ...this.#lines.drop(isHeld)]
    this.#trials.add(waiting.filter(({ settled }) => !settled))
    return batch.filter((one) => !isHeld(one))
  }

  #newTrials(writer: BatchWriter): TrialLane<Waiting> {
    return new TrialLane({
      writer,
      limits: this.#limits,
      now: this.#now,
      owner: {
        durable: (waiting, at) => this.#settle(waiting, { kind: 'durable', at }),
        refused: (waiting, refusal) => this.#refuse(waiting, refusal),
        released: (list) => this.#release(list),
        moved: () => this.#writer.renew(),
        attempted: (...what) => this.#observer.attempted(...what),
      },
    })
  }

  /** What was in an attempt goes out again first; the rest has its tenant's next turns. */
  #release(list: readonly Waiting[]): void {
    const now = this.#now()
    for (const waiting of list) waiting.turnAt = now
    this.#again.push(...list.filter(({ flights }) => flights > 0))
    const fresh = list.filter(({ flights }) => flights === 0)
    const lines = Map.groupBy(fresh, ({ line }) => line)
    for (const [line, items] of lines) this.#lines.rejoin(line, items, now)
    if (list.length > 0) this.#wake()
  }

  #refuse(waiting: Waiting, { scope, reason }: Attempt & { kind: 'refused' }): void {
    if (scope === 'topic') this.#pauses.pause(waiting.record.topic, reason, this.#now())
    this.#settle(waiting, { kind: 'refused', reason })
  }

  #growBatch(): void {
    this.#batchRecords = Math.min(this.#limits.batch.records, this.#batchRecords * 2)
  }
}
