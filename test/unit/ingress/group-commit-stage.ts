import { expect, vi } from 'vitest'
import type { Attempt, OutgoingRecord, PartitionAnswer } from '#core/commit.ts'
import type { Commitment, GroupCommitLimits } from '#ingress/commitment.ts'
import { GroupCommit } from '#ingress/group-commit.ts'
import { queueLimit } from '#ingress/pressure.ts'

/** Attempts that a test answers by hand, one after the other. */
class HandWriter {
  readonly batches: string[][] = []
  inFlight = 0
  #answer: ((attempt: Attempt) => void) | null = null
  #batch: readonly OutgoingRecord[] = []
  #offsets = new Map<string, number>()

  attempt(batch: readonly OutgoingRecord[]): Promise<Attempt> {
    this.batches.push(batch.map(({ key }) => key))
    this.inFlight += 1
    expect(this.inFlight).toBe(1)
    this.#batch = batch
    return new Promise((resolve) => {
      this.#answer = resolve
    })
  }

  renew(): void {}

  async answer(attempt: Attempt): Promise<void> {
    const answer = this.#answer
    if (answer === null) throw new Error('nothing is in flight')
    this.#answer = null
    this.inFlight -= 1
    answer(attempt)
    await turn()
  }

  /** Answers with every partition of the batch, but for those that are left out. */
  async cover(except: readonly number[] = []): Promise<void> {
    const told = this.#batch.filter(({ partition }) => !except.includes(partition))
    const places = Map.groupBy(told, ({ topic, partition }) => `${topic}/${partition}`)
    const partitions = [...places].map(([place, records]): PartitionAnswer => {
      const { topic, partition } = records[0] as OutgoingRecord
      const base = this.#offsets.get(place) ?? 0
      this.#offsets.set(place, base + records.length)
      return { topic, partition, errorCode: 0, baseOffset: String(base) }
    })
    await this.answer({ kind: 'answered', partitions })
  }
}

export const LIMITS: GroupCommitLimits = {
  batch: { records: 8, bytes: 100_000 },
  queueRecords: 100,
  queueBytes: 1_000_000,
  queueAgeMs: 2000,
  deadlineMs: 13_000,
  backOffMs: 100,
}
export const UNKNOWN: Attempt = { kind: 'unknown', reason: 'attempt_timeout' }
export const TOO_LARGE: Attempt = { kind: 'refused', scope: 'record', reason: 'MESSAGE_TOO_LARGE' }
export const NO_TOPIC: Attempt = {
  kind: 'refused',
  scope: 'topic',
  reason: 'TOPIC_AUTHORIZATION_FAILED',
}

export async function turn(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0)
}

export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}

export function stage(limits: Partial<GroupCommitLimits> = {}) {
  const writer = new HandWriter()
  const trials = new HandWriter()
  const writers = { main: writer, trial: trials }
  const attempts: [kind: string, records: number, uncovered: number][] = []
  const observer = {
    attempted: (kind: string, records: number, uncovered: number) => {
      attempts.push([kind, records, uncovered])
    },
  }
  // The hand of the clock is that of the timers, so that there is one time only.
  const commit = new GroupCommit(writers, { ...LIMITS, ...limits }, observer, () => Date.now())
  const settled: Record<string, Commitment> = {}
  const order: string[] = []
  const submit = (name: string, partition = 0, topic = 't', bytes = 10) => {
    const value = new Uint8Array(bytes)
    const record = { topic, partition, key: name, value, headers: {} }
    void commit.submit(record).then((commitment) => {
      settled[name] = commitment
      order.push(name)
    })
    return value
  }
  const full = () => queueLimit(commit.use(), { ...LIMITS, ...limits }) !== null
  return { writer, trials, attempts, commit, submit, settled, order, full }
}

export function durable(offset: number, partition = 0, topic = 't'): Commitment {
  return { kind: 'durable', at: { topic, partition, offset: String(offset) } }
}
