import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Attempt, OutgoingRecord, PartitionAnswer } from '#core/commit.ts'
import type { BatchWriter, Commitment, MainWriter } from '#ingress/commitment.ts'
import { GroupCommit } from '#ingress/group-commit.ts'

const DEADLINE_MS = 13_000
const STUCK = 3
/** The batch that failed, a trial in each level of eighths, and the batch after the release. */
const MOST_WRITES = 5

/** Partitions that have a copy on the broker that is absent from time to time. */
const DEPENDENT: ReadonlySet<number> = new Set([1, 4, 7, 10])
/** Of Kafka's client, for one request. */
const SILENCE_MS = 3000

/**
 * Brokers one of which is absent, as is known after a while, until the others do without it: who
 * has not asked anew since then goes on waiting for it.
 */
class AbsentKafka {
  readonly logs = new Map<number, string[]>()
  /** Of each call that hung: how many partitions of the absent broker it was for. */
  readonly hung: number[] = []
  /** The writer of new records; the other one hears of everything. */
  readonly main = {
    attempt: (batch: readonly OutgoingRecord[]) => this.attempt(batch, this.#isStale),
    renew: () => {
      this.#isStale = this.absent
    },
  }
  absent = true
  #isStale = true

  async attempt(batch: readonly OutgoingRecord[], isStale = false): Promise<Attempt> {
    const places = new Set(batch.map(({ partition }) => partition))
    const dependent = [...places].filter((partition) => DEPENDENT.has(partition))
    const waits = (this.absent || isStale) && dependent.length > 0
    if (waits) this.hung.push(dependent.length)
    await new Promise((resolve) => setTimeout(resolve, waits ? SILENCE_MS : 5))
    const written = batch.filter(({ partition }) => !waits || !DEPENDENT.has(partition))
    const partitions = [...Map.groupBy(written, ({ partition }) => partition)].map(
      ([partition, records]): PartitionAnswer => {
        const log = this.logs.get(partition) ?? []
        this.logs.set(partition, [...log, ...records.map(({ headers }) => headers.n ?? '')])
        return { topic: 't', partition, errorCode: 0, baseOffset: String(log.length) }
      },
    )
    if (!waits) return { kind: 'answered', partitions }
    const stuck = new Set([...DEPENDENT].map((partition) => `t/${partition}`))
    return { kind: 'answered', partitions, stuck: { places: stuck, cause: 'absence' } }
  }
}

/** Brokers that fail every call in which the stuck partition is, and write all the others. */
class StuckKafka {
  readonly logs = new Map<string, string[]>()
  stuck = true
  readonly #takesMs: number
  readonly #failureTakesMs: number
  #flights: ReadonlySet<string>[] = []

  constructor({ takesMs = 5, failureTakesMs = 5 } = {}) {
    this.#takesMs = takesMs
    this.#failureTakesMs = failureTakesMs
  }

  renew(): void {
    throw new Error('an error of one partition says nothing of leaders')
  }

  async attempt(batch: readonly OutgoingRecord[]): Promise<Attempt> {
    const places = new Set(batch.map(({ topic, partition }) => `${topic}/${partition}`))
    const flying = this.#flights.flatMap((flight) => [...flight])
    expect(flying.filter((place) => places.has(place))).toEqual([])
    this.#flights.push(places)
    const fails = this.stuck && batch.some(({ partition }) => partition === STUCK)
    await new Promise((resolve) => {
      setTimeout(resolve, fails ? this.#failureTakesMs : this.#takesMs)
    })
    this.#flights = this.#flights.filter((flight) => flight !== places)
    const written = [...Map.groupBy(batch, ({ topic, partition }) => `${topic}/${partition}`)]
    const partitions = written.flatMap(([place, records]): PartitionAnswer[] => {
      const { topic, partition } = records[0] as OutgoingRecord
      if (fails && partition === STUCK) return []
      const log = this.logs.get(place) ?? []
      this.logs.set(place, [...log, ...records.map(({ headers }) => headers.n ?? '')])
      return [{ topic, partition, errorCode: 0, baseOffset: String(log.length) }]
    })
    if (fails) return { kind: 'failed', reason: 'NOT_ENOUGH_REPLICAS' }
    return { kind: 'answered', partitions }
  }
}

interface Sent {
  readonly n: number
  readonly partition: number
  readonly waitedMs: number
  readonly commitment: Commitment
}

function stage(main: MainWriter, trial: BatchWriter = main) {
  const limits = {
    batch: { records: 200, bytes: 256 * 1024 },
    queueRecords: 10_000,
    queueBytes: 1e9,
    queueAgeMs: 2000,
    deadlineMs: DEADLINE_MS,
    backOffMs: 100,
  }
  const writers = { main, trial }
  const commit = new GroupCommit(writers, limits, { attempted: () => undefined }, () => Date.now())
  const sent: Sent[] = []
  let count = 0
  const submit = (partition: number) => {
    const since = Date.now()
    const n = count
    count += 1
    const value = new Uint8Array(100)
    const record = { topic: 't', partition, key: `tnt_${partition}`, value, headers: { n: `${n}` } }
    void commit.submit(record).then((commitment) => {
      sent.push({ n, partition, commitment, waitedMs: Date.now() - since })
    })
  }
  /** Every tenant, one for each of 12 partitions, sends once in 20 ms. */
  const load = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 20) {
      for (let partition = 0; partition < 12; partition += 1) submit(partition)
      await vi.advanceTimersByTimeAsync(20)
    }
  }
  return { commit, sent, submit, load }
}

function writesOf({ logs }: StuckKafka): Map<string, number> {
  const writes = new Map<string, number>()
  for (const n of [...logs.values()].flat()) writes.set(n, (writes.get(n) ?? 0) + 1)
  return writes
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('one partition of twelve that is never acknowledged', () => {
  it('costs the others a few calls once, and only its own records expire', async () => {
    const kafka = new StuckKafka()
    const { commit, sent, load } = stage(kafka)
    await load(20_000)
    expect(commit.use().waitMs).toBeLessThan(100)
    await Promise.all([commit.drained(), vi.runAllTimersAsync()])
    const stuck = sent.filter(({ partition }) => partition === STUCK)
    const others = sent.filter(({ partition }) => partition !== STUCK)
    expect([stuck.length, others.length]).toEqual([1000, 11_000])
    expect(others.every(({ commitment }) => commitment.kind === 'durable')).toBe(true)
    expect(Math.max(...others.map(({ waitedMs }) => waitedMs))).toBeLessThan(200)
    const writes = [...writesOf(kafka).values()]
    expect(Math.max(...writes)).toBeLessThanOrEqual(MOST_WRITES)
    expect(writes.filter((times) => times > 1).length).toBeLessThan(50)
    expect(stuck.every(({ commitment }) => commitment.kind === 'expired')).toBe(true)
    expect(Math.max(...stuck.map(({ waitedMs }) => waitedMs))).toBeLessThanOrEqual(13_100)
  })

  it('leaves the others time also when each of its failures takes 2.5 s', async () => {
    const kafka = new StuckKafka({ failureTakesMs: 2500 })
    const { commit, sent, load } = stage(kafka)
    await load(30_000)
    await Promise.all([commit.drained(), vi.runAllTimersAsync()])
    const others = sent.filter(({ partition }) => partition !== STUCK)
    expect(others.every(({ commitment }) => commitment.kind === 'durable')).toBe(true)
    expect(Math.max(...others.map(({ waitedMs }) => waitedMs))).toBeLessThan(8000)
    const late = others.filter(({ n }) => n > 12 * 500)
    expect(Math.max(...late.map(({ waitedMs }) => waitedMs))).toBeLessThan(100)
  })

  it('is written in the order of what came, without gaps, within about a second of its healing', async () => {
    const kafka = new StuckKafka()
    const { commit, sent, load } = stage(kafka)
    await load(5000)
    kafka.stuck = false
    await load(1500)
    const before = sent.filter(({ partition }) => partition === STUCK).length
    expect(before).toBeGreaterThan(300)
    await Promise.all([commit.drained(), vi.runAllTimersAsync()])
    expect(sent.every(({ commitment }) => commitment.kind === 'durable')).toBe(true)
    for (const log of kafka.logs.values()) {
      const firsts = [...new Set(log)].map(Number)
      expect(firsts).toEqual([...firsts].sort((a, b) => a - b))
      expect(firsts).toHaveLength(325)
    }
    expect(kafka.logs.get(`t/${STUCK}`)).toHaveLength(325)
  })

  it('stays apart while it has no records, so that its next one costs the others nothing', async () => {
    const kafka = new StuckKafka()
    const { commit, sent, submit } = stage(kafka)
    submit(STUCK)
    submit(0)
    await Promise.all([commit.drained(), vi.runAllTimersAsync()])
    expect(sent.map(({ commitment }) => commitment.kind)).toEqual(['durable', 'expired'])
    submit(STUCK)
    submit(0)
    submit(1)
    await Promise.all([commit.drained(), vi.runAllTimersAsync()])
    const writes = writesOf(kafka)
    expect([writes.get('3'), writes.get('4')]).toEqual([1, 1])
  })
})

describe('a broker that is absent', () => {
  const untouched = ({ partition }: Sent) => !DEPENDENT.has(partition)

  it('holds up what does not depend on it once, and all that does until the others do without it', async () => {
    const kafka = new AbsentKafka()
    const { commit, sent, load } = stage(kafka.main, kafka)
    await load(9000)
    kafka.absent = false
    await load(6000)
    await Promise.all([commit.drained(), vi.runAllTimersAsync()])
    expect(sent.every(({ commitment }) => commitment.kind === 'durable')).toBe(true)
    const others = sent.filter(untouched)
    expect(Math.max(...others.map(({ waitedMs }) => waitedMs))).toBeLessThan(SILENCE_MS + 200)
    const later = others.filter(({ n }) => n > (12 * (SILENCE_MS + 500)) / 20)
    expect(Math.max(...later.map(({ waitedMs }) => waitedMs))).toBeLessThan(200)
    // One call for all of them each time, and none by who has not heard of the new leaders.
    expect(kafka.hung).toEqual([DEPENDENT.size, DEPENDENT.size, DEPENDENT.size])
    const dependent = sent.filter((one) => !untouched(one))
    expect(Math.max(...dependent.map(({ waitedMs }) => waitedMs))).toBeLessThan(12_500)
    for (const log of kafka.logs.values()) {
      const numbers = log.map(Number)
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    }
  })
})
