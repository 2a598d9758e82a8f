import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Attempt, OutgoingRecord, PartitionAnswer } from '#core/commit.ts'
import type { Commitment, MainWriter } from '#ingress/commitment.ts'
import { GroupCommit } from '#ingress/group-commit.ts'

/** Where a record is to lie. */
function place(record: Pick<OutgoingRecord, 'topic' | 'partition'> | undefined): string {
  return `${record?.topic}/${record?.partition}`
}

/** What befalls one attempt. Bits of the masks are partitions. */
interface Fate {
  readonly kind: 'answered' | 'unknown'
  /** Partitions that the log takes. */
  readonly written: number
  /** Of those, the ones that the answer names; the others were written and nobody knows. */
  readonly told: number
  /** Partitions of which brokers say that they failed, so that kafkajs throws for the whole call. */
  readonly failed: number
  readonly ms: number
}

interface Submission {
  readonly tenant: number
  readonly partition: number
  readonly topic: 'card' | 'pass' | 'forbidden'
  readonly tooLarge: boolean
  readonly bytes: number
  /** Since the submission before. */
  readonly afterMs: number
}

const DEADLINE_MS = 3000
const EXPIRY_CHECK_MS = 100
const FOUR_BITS = 15

/** A log that takes and tells as it is fated to, and refuses what brokers refuse. */
class FatedLog implements MainWriter {
  readonly logs = new Map<string, string[]>()
  readonly #fates: Fate[]
  readonly #busy = new Set<string>()

  constructor(fates: readonly Fate[]) {
    this.#fates = [...fates]
  }

  renew(): void {}

  async attempt(batch: readonly OutgoingRecord[]): Promise<Attempt> {
    expect(batch.length).toBeGreaterThan(0)
    const places = new Set(batch.map(place))
    for (const one of places) {
      expect(this.#busy.has(one), 'one call in flight for a partition').toBe(false)
      this.#busy.add(one)
    }
    const fate = this.#fates.shift() ?? {
      kind: 'answered',
      written: FOUR_BITS,
      told: FOUR_BITS,
      failed: 0,
      ms: 1,
    }
    await new Promise((resolve) => setTimeout(resolve, fate.ms))
    for (const one of places) this.#busy.delete(one)
    const refused = refusalOf(batch)
    const partitions = this.#write(batch, fate)
    if (fate.kind === 'unknown') return { kind: 'unknown', reason: 'attempt_timeout' }
    if (refused !== null) return refused
    const failed = batch.some(({ partition }) => (fate.failed & (1 << partition)) !== 0)
    if (failed) return { kind: 'failed', reason: 'NOT_ENOUGH_REPLICAS' }
    return { kind: 'answered', partitions }
  }

  /** Kafka takes the records of a partition whole or not at all. */
  #write(batch: readonly OutgoingRecord[], { written, told }: Fate): PartitionAnswer[] {
    const places = Map.groupBy(batch, ({ topic, partition }) => `${topic}/${partition}`)
    return [...places].flatMap(([place, records]): PartitionAnswer[] => {
      const { topic, partition } = records[0] as OutgoingRecord
      const bit = 1 << partition
      const log = this.logs.get(place) ?? []
      const baseOffset = String(log.length)
      if (refusalOf(records) !== null) return []
      if ((written & bit) === 0) return []
      this.logs.set(place, [...log, ...records.map(nameOf)])
      return (told & bit) === 0 ? [] : [{ topic, partition, errorCode: 0, baseOffset }]
    })
  }
}

/** Records are told apart by a number; their keys are tenants. */
function nameOf({ headers }: OutgoingRecord): string {
  return headers.n ?? ''
}

function refusalOf(records: readonly OutgoingRecord[]): (Attempt & { kind: 'refused' }) | null {
  if (records.some(({ topic }) => topic === 'forbidden')) {
    return { kind: 'refused', scope: 'topic', reason: 'TOPIC_AUTHORIZATION_FAILED' }
  }
  if (records.some(({ headers }) => headers.tooLarge === 'yes')) {
    return { kind: 'refused', scope: 'record', reason: 'MESSAGE_TOO_LARGE' }
  }
  return null
}

const fates = fc.array(
  fc.record<Fate>({
    kind: fc.constantFrom('answered', 'answered', 'answered', 'unknown'),
    written: fc.nat(FOUR_BITS),
    told: fc.nat(FOUR_BITS),
    failed: fc.constantFrom(0, 0, 1, 2, 4, 8, 5, 15),
    ms: fc.oneof(fc.nat(20), fc.constantFrom(500, 1500, 3500)),
  }),
  { maxLength: 25 },
)

const submissions = fc.array(
  fc.record<Submission>({
    tenant: fc.nat(4),
    partition: fc.nat(3),
    topic: fc.constantFrom('card', 'card', 'card', 'pass', 'pass', 'forbidden'),
    tooLarge: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    bytes: fc.nat(400),
    afterMs: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(50), fc.constant(700)),
  }),
  { minLength: 1, maxLength: 40 },
)

interface Settled {
  readonly record: OutgoingRecord
  readonly commitment: Commitment
  readonly waitedMs: number
}

async function run(list: readonly Submission[], log: FatedLog) {
  const batch = { records: 6, bytes: 2000 }
  const limits = {
    batch,
    queueRecords: 1000,
    queueBytes: 1e9,
    queueAgeMs: 1e9,
    deadlineMs: DEADLINE_MS,
    backOffMs: 100,
  }
  const commit = new GroupCommit(
    { main: log, trial: log },
    limits,
    { attempted: () => undefined },
    () => Date.now(),
  )
  const settled: Settled[] = []
  for (const [i, one] of list.entries()) {
    const { tenant, partition, topic, tooLarge, bytes, afterMs } = one
    await vi.advanceTimersByTimeAsync(afterMs)
    const headers = { n: String(i), ...(tooLarge ? { tooLarge: 'yes' } : {}) }
    const key = `tnt_${tenant}`
    const record = { topic, partition, key, value: new Uint8Array(bytes), headers }
    const since = Date.now()
    void commit.submit(record).then((commitment) => {
      settled.push({ record, commitment, waitedMs: Date.now() - since })
    })
  }
  await Promise.all([commit.drained(), vi.runAllTimersAsync()])
  expect([commit.depth, commit.bytes, vi.getTimerCount()]).toEqual([0, 0, 0])
  return settled
}

async function everySchedule(
  check: (settled: readonly Settled[], log: FatedLog, list: readonly Submission[]) => void,
): Promise<void> {
  const property = fc.asyncProperty(submissions, fates, async (list, fate) => {
    const log = new FatedLog(fate)
    check(await run(list, log), log, list)
  })
  await fc.assert(property, { numRuns: 150 })
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('whatever brokers do', () => {
  it('acknowledges only what lies in the log, at the very place that it names', async () => {
    await everySchedule((settled, { logs }) => {
      for (const { record, commitment } of settled) {
        if (commitment.kind !== 'durable') continue
        const { topic, partition, offset } = commitment.at
        expect([topic, partition]).toEqual([record.topic, record.partition])
        expect(logs.get(`${topic}/${partition}`)?.[Number(offset)]).toBe(nameOf(record))
      }
    })
  })

  it('settles every record exactly once, by its deadline at the latest', async () => {
    await everySchedule((settled, _log, list) => {
      const keys = settled.map(({ record }) => Number(nameOf(record))).sort((a, b) => a - b)
      expect(keys).toEqual(list.map((_submission, i) => i))
      for (const { waitedMs } of settled) {
        expect(waitedMs).toBeLessThanOrEqual(DEADLINE_MS + EXPIRY_CHECK_MS)
      }
    })
  })

  it('acknowledges and first writes the records of a tenant in a partition in the order they came', async () => {
    await everySchedule((settled, { logs }) => {
      const durable = settled.filter(({ commitment }) => commitment.kind === 'durable')
      const places = Map.groupBy(durable, ({ record }) => record.key + place(record))
      for (const list of places.values()) {
        const keys = list.map(({ record }) => Number(nameOf(record)))
        expect(keys).toEqual([...keys].sort((a, b) => a - b))
        const first = keys.map(
          (key) => logs.get(place(list[0]?.record))?.indexOf(String(key)) ?? -1,
        )
        expect(first).toEqual([...first].sort((a, b) => a - b))
      }
    })
  })

  it('refuses nobody but the culprits', async () => {
    await everySchedule((settled, _log, list) => {
      for (const { record, commitment } of settled) {
        if (commitment.kind !== 'refused') continue
        const culprit = list[Number(nameOf(record))]
        expect(culprit?.topic === 'forbidden' || culprit?.tooLarge).toBe(true)
      }
    })
  })
})

describe('when brokers are well', () => {
  it('makes every record durable exactly once', async () => {
    const well = submissions.map((list) =>
      list.map(
        (one) =>
          ({
            ...one,
            tooLarge: false,
            topic: one.topic === 'forbidden' ? 'card' : one.topic,
          }) as const,
      ),
    )
    const property = fc.asyncProperty(well, async (list) => {
      const log = new FatedLog([])
      const settled = await run(list, log)
      expect(settled.every(({ commitment }) => commitment.kind === 'durable')).toBe(true)
      const written = [...log.logs.values()].flat()
      expect(written).toHaveLength(list.length)
    })
    await fc.assert(property, { numRuns: 100 })
  })
})
