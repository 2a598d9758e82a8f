import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Attempt, OutgoingRecord, PartitionAnswer } from '#core/commit.ts'
import type { Commitment } from '#ingress/commitment.ts'
import { GroupCommit } from '#ingress/group-commit.ts'
import type { LeaderCall } from '#platform/kafka/leader-calls.ts'
import { attemptOfCalls, LeaderMap } from '#platform/kafka/leader-calls.ts'

const PARTITIONS = 64
const LEADERS = 4
/** Leads every fourth partition, of which one or all cannot be written. */
const ILL = 1
const DEADLINE_MS = 13_000

const leaderOf = (partition: number) => partition % LEADERS

/** What becomes of a call that comes to nothing. */
interface Illness {
  readonly reason: string
  readonly takesMs: number
  /** Whether a call to the ill leader falls to it. */
  readonly meets: (records: readonly OutgoingRecord[]) => boolean
}

/** Brokers one of which is ill; every record is in one call at a time. */
class LedKafka {
  readonly logs = new Map<number, string[]>()
  readonly #leaders = new LeaderMap()
  readonly #illness: Illness
  readonly #flying = new Set<number>()
  ill = true

  constructor(illness: Illness) {
    this.#illness = illness
    const metadata = Array.from({ length: PARTITIONS }, (_, partitionId) => {
      const leader = leaderOf(partitionId)
      return { partitionErrorCode: 0, partitionId, leader, replicas: [leader], isr: [leader] }
    })
    this.#leaders.heard('t', metadata)
  }

  async attempt(batch: readonly OutgoingRecord[]): Promise<Attempt> {
    const places = new Set(batch.map(({ partition }) => partition))
    expect([...places].filter((place) => this.#flying.has(place))).toEqual([])
    for (const place of places) this.#flying.add(place)
    const calls = await Promise.all(
      [...this.#leaders.grouped(batch)].map(async ([leader, records]): Promise<LeaderCall> => {
        const attempt = await this.#call(leader, records)
        return { leader, records, attempt }
      }),
    )
    for (const place of places) this.#flying.delete(place)
    return attemptOfCalls(calls, this.#leaders, new Set())
  }

  renew(): void {}

  async #call(leader: number | null, records: readonly OutgoingRecord[]): Promise<Attempt> {
    const { reason, takesMs, meets } = this.#illness
    const fails = this.ill && leader === ILL && meets(records)
    await new Promise((resolve) => setTimeout(resolve, fails ? takesMs : 5))
    if (fails) return { kind: 'unknown', reason }
    const groups = [...Map.groupBy(records, ({ partition }) => partition)]
    const partitions = groups.map(([partition, own]): PartitionAnswer => {
      const log = this.logs.get(partition) ?? []
      this.logs.set(partition, [...log, ...own.map(({ headers }) => headers.n ?? '')])
      return { topic: 't', partition, errorCode: 0, baseOffset: String(log.length) }
    })
    return { kind: 'answered', partitions }
  }
}

interface Sent {
  readonly partition: number
  readonly since: number
  readonly waitedMs: number
  readonly commitment: Commitment
}

function stage(kafka: LedKafka, queueRecords = 10_000) {
  const limits = {
    batch: { records: 200, bytes: 256 * 1024 },
    ...{ queueRecords, queueBytes: 1e9, queueAgeMs: 2000 },
    ...{ deadlineMs: DEADLINE_MS, backOffMs: 100 },
  }
  const writers = { main: kafka, trial: kafka }
  const commit = new GroupCommit(writers, limits, { attempted: () => undefined }, () => Date.now())
  const start = Date.now()
  const sent: Sent[] = []
  let count = 0
  const submit = (partition: number) => {
    const at = Date.now()
    const headers = { n: `${count}` }
    count += 1
    const record = { topic: 't', partition, key: `tnt_${partition}`, value: null, headers }
    void commit.submit(record).then((commitment) => {
      sent.push({ partition, commitment, since: at - start, waitedMs: Date.now() - at })
    })
  }
  /** Every partition has a record in 40 ms. */
  const load = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 40) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) submit(partition)
      await vi.advanceTimersByTimeAsync(40)
    }
  }
  const end = async () => {
    await Promise.all([commit.drained(), vi.runAllTimersAsync()])
    for (const log of kafka.logs.values()) {
      const firsts = [...new Set(log)].map(Number)
      expect(firsts).toEqual([...firsts].sort((a, b) => a - b))
    }
    expect(sent).toHaveLength(count)
    expect(longest(sent)).toBeLessThanOrEqual(DEADLINE_MS + 100)
  }
  return { commit, sent, load, end }
}

function longest(sent: readonly Sent[]): number {
  return Math.max(...sent.map(({ waitedMs }) => waitedMs))
}

function isDurable({ commitment }: Sent): boolean {
  return commitment.kind === 'durable'
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a partition whose call is never answered', () => {
  it.each([
    ['one', new Set([ILL])],
    ['three', new Set([ILL, ILL + 4 * LEADERS, ILL + 9 * LEADERS])],
  ])('keeps what shares its leader waiting once only: %s of sixteen', async (_count, stuck) => {
    const meets = (records: readonly OutgoingRecord[]) =>
      records.some(({ partition }) => stuck.has(partition))
    const kafka = new LedKafka({ reason: 'KafkaJSRequestTimeoutError', takesMs: 3000, meets })
    const { sent, load, end } = stage(kafka)
    await load(40_000)
    await end()
    const others = sent.filter(({ partition }) => leaderOf(partition) !== ILL)
    expect(longest(others)).toBeLessThan(3200)
    const neighbours = sent.filter(
      ({ partition }) => leaderOf(partition) === ILL && !stuck.has(partition),
    )
    const late = neighbours.filter(({ since }) => since > 25_000)
    expect(late.length).toBeGreaterThan(1000)
    expect(late.every(isDurable)).toBe(true)
    expect(longest(late)).toBeLessThan(200)
    if (stuck.size === 1) expect(neighbours.every(isDurable)).toBe(true)
    expect(sent.filter(({ partition }) => stuck.has(partition)).some(isDurable)).toBe(false)
  })
})

describe('a leader to which no connection can be had', () => {
  it.each([
    ['refuses', 5],
    ['does not answer', 1000],
  ])('costs only its own partitions time when it %s', async (_how, takesMs) => {
    const reason = 'KafkaJSConnectionError'
    const kafka = new LedKafka({ reason, takesMs, meets: () => true })
    const { sent, load, end } = stage(kafka)
    await load(9000)
    kafka.ill = false
    await load(3000)
    await end()
    expect(sent.every(isDurable)).toBe(true)
    const others = sent.filter(({ partition }) => leaderOf(partition) !== ILL)
    expect(longest(others)).toBeLessThan(takesMs + 200)
    expect(longest(others.filter(({ since }) => since > 1200))).toBeLessThan(200)
    expect(longest(sent)).toBeLessThan(9000 + takesMs + 1000)
  })
})

describe('what waits for a leader that is away', () => {
  it('has half of the queue at most, and what comes beyond it is answered at once', async () => {
    const illness = { reason: 'KafkaJSConnectionError', takesMs: 5, meets: () => true }
    const kafka = new LedKafka(illness)
    const { commit, sent, load, end } = stage(kafka, 1000)
    await load(9000)
    expect(commit.depth).toBeGreaterThanOrEqual(500)
    expect(commit.depth).toBeLessThan(500 + 2 * PARTITIONS)
    const refused = sent.filter((one) => !isDurable(one))
    expect(refused.length).toBeGreaterThan(2000)
    expect(refused.every(({ partition }) => leaderOf(partition) === ILL)).toBe(true)
    expect(longest(refused)).toBe(0)
    kafka.ill = false
    await load(3000)
    await end()
    expect(sent.filter(({ since }) => since > 11_000).every(isDurable)).toBe(true)
    expect(commit.depth).toBe(0)
  })

  it('has its half anew after its records have expired', async () => {
    const illness = { reason: 'KafkaJSConnectionError', takesMs: 5, meets: () => true }
    const { commit, sent, load, end } = stage(new LedKafka(illness), 1000)
    await load(DEADLINE_MS + 3000)
    expect(commit.depth).toBeGreaterThanOrEqual(500)
    const waited = sent.filter((one) => !isDurable(one) && one.waitedMs > 0)
    expect(waited.length).toBeGreaterThanOrEqual(450)
    await end()
  })
})
