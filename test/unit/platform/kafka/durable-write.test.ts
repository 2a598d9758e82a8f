import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Attempt, OutgoingRecord } from '#core/commit.ts'
import type { BatchAttempts } from '#platform/kafka/durable-write.ts'
import { writeDurably } from '#platform/kafka/durable-write.ts'

/** What becomes of one attempt: written or not, answered or not, and of one partition only. */
type Fate = 'answered' | 'answer_lost' | 'nothing_written' | 'half_covered'

/** Partitions in memory; what follows the planned fates is answered. */
class Log implements BatchAttempts {
  readonly partitions = new Map<string, string[]>()
  readonly sizes: number[] = []
  readonly #fates: Fate[]

  constructor(fates: readonly Fate[] = []) {
    this.#fates = [...fates]
  }

  async attempt(batch: readonly OutgoingRecord[]): Promise<Attempt> {
    this.sizes.push(batch.length)
    const fate = this.#fates.shift() ?? 'answered'
    if (fate === 'nothing_written') return { kind: 'unknown', reason: 'timeout' }
    const [first] = batch
    const kept =
      fate === 'half_covered' ? batch.filter((one) => one.partition === first?.partition) : batch
    const answer = this.#append(kept)
    return fate === 'answer_lost' ? { kind: 'unknown', reason: 'reset' } : answer
  }

  of(partition: number): readonly string[] {
    return this.partitions.get(`t/${partition}`) ?? []
  }

  #append(batch: readonly OutgoingRecord[]): Attempt {
    const bases = new Map<number, number>()
    for (const { partition, key } of batch) {
      const log = this.partitions.get(`t/${partition}`) ?? []
      if (!bases.has(partition)) bases.set(partition, log.length)
      this.partitions.set(`t/${partition}`, [...log, key])
    }
    const partitions = [...bases].map(([partition, base]) => ({
      topic: 't',
      partition,
      errorCode: 0,
      baseOffset: String(base),
    }))
    return { kind: 'answered', partitions }
  }
}

function record(partition: number, n: number, bytes = 1): OutgoingRecord {
  return {
    topic: 't',
    partition,
    key: `${partition}-${n}`,
    value: new Uint8Array(bytes),
    headers: {},
  }
}

/** Time passes only while somebody waits. */
function clock() {
  let ms = 0
  const wait = async (more: number) => {
    ms += more
  }
  return { now: () => ms, wait }
}

function write(attempts: BatchAttempts, records: readonly OutgoingRecord[], patienceMs = 60_000) {
  return writeDurably({ attempts, patienceMs: () => patienceMs, clock: clock() }, records)
}

const fates = fc.array(
  fc.constantFrom<Fate>('answered', 'answer_lost', 'nothing_written', 'half_covered'),
  { maxLength: 12 },
)

describe('a durable write', () => {
  it('names for each record a place where it lies, and keeps the order of each partition', async () => {
    const places = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(fates, places, async (planned, partitions) => {
        const log = new Log(planned)
        const records = partitions.map((partition, n) => record(partition, n))
        const { written, halted } = await write(log, records)
        expect(halted).toBeNull()
        for (const [i, one] of written.entries()) {
          if (one?.kind !== 'durable') throw new Error('not durable')
          expect(log.of(one.at.partition)[Number(one.at.offset)]).toBe(records[i]?.key)
        }
        for (const partition of [0, 1, 2]) {
          const firsts = [...new Set(log.of(partition))]
          const sent = records.filter((one) => one.partition === partition).map(({ key }) => key)
          expect(firsts).toEqual(sent)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('keeps batches below what encodes quickly (P8), by records and by bytes', async () => {
    const many = new Log()
    await write(
      many,
      Array.from({ length: 450 }, (_, n) => record(0, n)),
    )
    expect(many.sizes).toEqual([200, 200, 50])
    const large = new Log()
    await write(
      large,
      Array.from({ length: 3 }, (_, n) => record(0, n, 200_000)),
    )
    expect(large.sizes).toEqual([1, 1, 1])
  })

  it('finds the one record that the broker refuses, and writes all others', async () => {
    const log = new Log()
    const isPoison = ({ key }: OutgoingRecord) => key === '0-13'
    const attempts: BatchAttempts = {
      attempt: async (batch) =>
        batch.some(isPoison)
          ? { kind: 'refused', scope: 'record', reason: 'MESSAGE_TOO_LARGE' }
          : await log.attempt(batch),
    }
    const { written, halted } = await write(
      attempts,
      Array.from({ length: 40 }, (_, n) => record(0, n)),
    )
    expect(halted).toBeNull()
    expect(written[13]).toEqual({ kind: 'refused', reason: 'MESSAGE_TOO_LARGE' })
    expect(written.filter((one) => one?.kind === 'durable')).toHaveLength(39)
  })

  it('halts at a topic that the broker refuses, and says what is durable nevertheless', async () => {
    const log = new Log()
    const attempts: BatchAttempts = {
      attempt: async (batch) =>
        batch.some(({ topic }) => topic === 'gone')
          ? { kind: 'refused', scope: 'topic', reason: 'UNKNOWN_TOPIC_OR_PARTITION' }
          : await log.attempt(batch),
    }
    const records = [record(0, 0), { ...record(0, 1), topic: 'gone' }, record(0, 2)]
    const { written, halted } = await write(attempts, records)
    expect(halted).toContain('gone')
    expect(written.map((one) => one?.kind ?? null)).toEqual(['durable', null, null])
  })

  it('gives up when nothing was acknowledged for as long as the patience lasts, not before', async () => {
    let attempted = 0
    const attempts: BatchAttempts = {
      attempt: async () => {
        attempted += 1
        return { kind: 'unknown', reason: 'timeout' }
      },
    }
    const { written, halted } = await write(attempts, [record(0, 0)], 1000)
    expect([written, halted]).toEqual([[null], 'Kafka does not acknowledge'])
    expect(attempted).toBe(12)
  })
})
