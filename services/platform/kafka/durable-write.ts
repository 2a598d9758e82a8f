import { setTimeout as delay } from 'node:timers/promises'
import type { Attempt, BatchLimits, OutgoingRecord } from '#core/commit.ts'
import { batchLength, coverage } from '#core/commit.ts'
import type { Coordinate } from '#core/outcome.ts'

/** One attempt to write a batch, which never throws; `BatchSender` is the one that does. */
export interface BatchAttempts {
  attempt(batch: readonly OutgoingRecord[]): Promise<Attempt>
}

/** What became of one record. */
type Written =
  | { readonly kind: 'durable'; readonly at: Coordinate }
  /** The broker takes every other record, but not this one. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface DurableWriting {
  readonly attempts: BatchAttempts
  /** How long nothing may be covered before it is given up, milliseconds; asked at each attempt. */
  readonly patienceMs: () => number
  readonly clock: Clock
}

/** Monotonic milliseconds. */
export interface Clock {
  now(): number
  wait(ms: number): Promise<void>
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  wait: async (ms) => await delay(ms),
}

export interface DurableWrite {
  /** In the order of the records; null for one that may have been written or not. */
  readonly written: readonly (Written | null)[]
  /** Why some are null, in words; null when none is. */
  readonly halted: string | null
}

/** P8: kafkajs groups messages in quadratic time, and encoding blocks. */
const BATCH: BatchLimits = { records: 200, bytes: 262_144 }
const RECORD_OVERHEAD_BYTES = 256
const BACK_OFF_MS = 100

function sizeOf({ value }: OutgoingRecord): number {
  return (value?.byteLength ?? 0) + RECORD_OVERHEAD_BYTES
}

class Write {
  readonly written: (Written | null)[]
  halted: string | null = null
  readonly #records: readonly OutgoingRecord[]
  readonly #writing: DurableWriting
  #open: number[]
  #limit = BATCH.records
  #progressMs: number

  constructor(writing: DurableWriting, records: readonly OutgoingRecord[]) {
    this.#writing = writing
    this.#records = records
    this.#open = records.map((_, i) => i)
    this.written = records.map(() => null)
    this.#progressMs = writing.clock.now()
  }

  async run(): Promise<void> {
    while (this.#open.length > 0 && this.halted === null) {
      const batch = this.#next()
      const attempt = await this.#writing.attempts.attempt(batch.map((i) => this.#record(i)))
      if (attempt.kind === 'refused') this.#refused(batch, attempt)
      else await this.#absorb(batch, attempt)
    }
  }

  #record(i: number): OutgoingRecord {
    const record = this.#records[i]
    if (record === undefined) throw new RangeError('there is no such record')
    return record
  }

  #next(): readonly number[] {
    const sizes = this.#open.slice(0, this.#limit).map((i) => sizeOf(this.#record(i)))
    return this.#open.slice(0, batchLength(sizes, { ...BATCH, records: this.#limit }))
  }

  /** What is not covered stays in front, so nothing of a partition overtakes (P2, P9). */
  async #absorb(batch: readonly number[], attempt: Attempt): Promise<void> {
    const partitions = attempt.kind === 'answered' ? attempt.partitions : []
    const places = coverage(
      batch.map((i) => this.#record(i)),
      partitions,
    )
    for (const [n, i] of batch.entries()) {
      const at = places[n] ?? null
      if (at !== null) this.written[i] = { kind: 'durable', at }
    }
    const before = this.#open.length
    this.#keepOpen()
    if (before - this.#open.length === batch.length) {
      this.#limit = Math.min(BATCH.records, this.#limit * 2)
      return
    }
    const silentMs = this.#writing.clock.now() - this.#progressMs
    if (silentMs > this.#writing.patienceMs()) this.halted = 'Kafka does not acknowledge'
    else await this.#writing.clock.wait(BACK_OFF_MS)
  }

  /** P5: an error is that of a whole call, so the culprit is found by halving. */
  #refused(
    batch: readonly number[],
    { scope, reason }: Extract<Attempt, { kind: 'refused' }>,
  ): void {
    const [first] = batch
    if (batch.length > 1 || first === undefined) {
      this.#limit = Math.ceil(batch.length / 2)
      return
    }
    if (scope === 'topic') {
      this.halted = `Kafka refuses the topic ${this.#record(first).topic} (${reason})`
      return
    }
    this.written[first] = { kind: 'refused', reason }
    this.#keepOpen()
  }

  #keepOpen(): void {
    const open = this.#open.filter((i) => this.written[i] === null)
    if (open.length < this.#open.length) this.#progressMs = this.#writing.clock.now()
    this.#open = open
  }
}

/**
 * Writes records with acks=all, one batch in flight, each repeated until the broker's answer names
 * its partition with an offset; records of a partition become durable in their order. For work
 * that has time: there is no deadline while anything gets through. Never rejects by itself.
 */
export async function writeDurably(
  writing: DurableWriting,
  records: readonly OutgoingRecord[],
): Promise<DurableWrite> {
  const write = new Write(writing, records)
  await write.run()
  return { written: write.written, halted: write.halted }
}
