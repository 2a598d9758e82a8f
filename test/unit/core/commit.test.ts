import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OutgoingRecord, PartitionAnswer } from '#core/commit.ts'
import { batchLength, coverage } from '#core/commit.ts'

const topics = ['q.live.card', 'q.live.pass', 'q.live.quarantine'] as const
const topic = fc.constantFrom(...topics)
const partition = fc.nat(3)

function record(of: string, at: number): OutgoingRecord {
  return { topic: of, partition: at, key: 'tnt_1', value: new Uint8Array(1), headers: {} }
}

function answer(of: string, at: number, baseOffset: string | undefined, errorCode = 0) {
  return { topic: of, partition: at, errorCode, baseOffset } satisfies PartitionAnswer
}

const batches = fc.array(
  fc.tuple(topic, partition).map(([of, at]) => record(of, at)),
  {
    maxLength: 30,
  },
)

const baseOffset = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 62n }).map(String),
  fc.constantFrom(undefined, '-1', '', 'NaN', '1.5', '0x1', ' 7', '7\n'),
)

/** Each place once at most, as brokers answer. */
const answers = fc.uniqueArray(
  fc
    .tuple(topic, partition, baseOffset, fc.constantFrom(0, 0, 0, 3, 6, 7, -1))
    .map(([of, at, base, code]) => answer(of, at, base, code)),
  { selector: ({ topic: of, partition: at }) => `${of}|${at}`, maxLength: 12 },
)

function covers(of: OutgoingRecord, list: readonly PartitionAnswer[]): PartitionAnswer | undefined {
  return list.find(
    (one) =>
      one.topic === of.topic &&
      one.partition === of.partition &&
      one.errorCode === 0 &&
      one.baseOffset !== undefined &&
      /^\d+$/.test(one.baseOffset),
  )
}

describe('the coverage of a batch by an answer', () => {
  it('acknowledges exactly what the answer names without error and with a base offset', () => {
    fc.assert(
      fc.property(batches, answers, (batch, list) => {
        const places = coverage(batch, list)
        expect(places).toHaveLength(batch.length)
        for (const [i, one] of batch.entries()) {
          expect(places[i] !== null).toBe(covers(one, list) !== undefined)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('counts offsets up per partition, in the order of the batch, from the base', () => {
    fc.assert(
      fc.property(batches, answers, (batch, list) => {
        const places = coverage(batch, list)
        const written = new Map<string, bigint>()
        for (const [i, one] of batch.entries()) {
          const base = covers(one, list)?.baseOffset
          if (base === undefined) continue
          const place = `${one.topic}|${one.partition}`
          const before = written.get(place) ?? 0n
          written.set(place, before + 1n)
          const offset = (BigInt(base) + before).toString()
          expect(places[i]).toEqual({ topic: one.topic, partition: one.partition, offset })
        }
      }),
      { numRuns: 500 },
    )
  })

  it('acknowledges nothing when the call resolved with an empty answer', () => {
    expect(coverage([record('a', 0), record('a', 1)], [])).toEqual([null, null])
  })

  it('leaves out a partition that moved onto a broker which had answered already', () => {
    const batch = [record('a', 0), record('a', 1), record('a', 0)]
    expect(coverage(batch, [answer('a', 0, '10')])).toEqual([
      { topic: 'a', partition: 0, offset: '10' },
      null,
      { topic: 'a', partition: 0, offset: '11' },
    ])
  })

  it('does not take the same partition of another topic for its own', () => {
    expect(coverage([record('a', 1)], [answer('b', 1, '3'), answer('a', 0, '4')])).toEqual([null])
  })

  it('keeps offsets beyond 2^53 exact', () => {
    const [, second] = coverage(
      [record('a', 0), record('a', 0)],
      [answer('a', 0, '9007199254740992')],
    )
    expect(second?.offset).toBe('9007199254740993')
  })
})

describe('the length of a batch', () => {
  const limits = fc.record({
    records: fc.integer({ min: 1, max: 20 }),
    bytes: fc.integer({ min: 1, max: 100 }),
  })
  const sizes = fc.array(fc.nat(120), { maxLength: 40 })
  const sum = (list: readonly number[]) => list.reduce((total, size) => total + size, 0)

  it('keeps both limits, but for a record that is too large alone', () => {
    fc.assert(
      fc.property(sizes, limits, (list, limit) => {
        const length = batchLength(list, limit)
        expect(length).toBeLessThanOrEqual(Math.min(limit.records, list.length))
        if (length > 1) expect(sum(list.slice(0, length))).toBeLessThanOrEqual(limit.bytes)
      }),
    )
  })

  it('is at least one while anything waits, so that nothing waits for ever', () => {
    fc.assert(
      fc.property(sizes, limits, (list, limit) => {
        expect(batchLength(list, limit) > 0).toBe(list.length > 0)
      }),
    )
    expect(batchLength([5000], { records: 10, bytes: 100 })).toBe(1)
    expect(batchLength([5000, 1], { records: 10, bytes: 100 })).toBe(1)
    expect(batchLength([1, 5000], { records: 10, bytes: 100 })).toBe(1)
  })

  it('is as large as the limits allow', () => {
    fc.assert(
      fc.property(sizes, limits, (list, limit) => {
        const length = batchLength(list, limit)
        if (length === list.length || length === limit.records) return
        expect(sum(list.slice(0, length + 1))).toBeGreaterThan(limit.bytes)
      }),
    )
    expect(batchLength([50, 50, 1], { records: 10, bytes: 100 })).toBe(2)
  })
})
