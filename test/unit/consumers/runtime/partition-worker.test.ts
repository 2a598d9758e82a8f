import { describe, expect, it } from 'vitest'
import { backOffMs, chunksOf } from '#consumers/runtime/partition-worker.ts'

function batch(offsets: readonly bigint[], fetchedOffset: bigint, endOffset: bigint) {
  return {
    topic: 't',
    partition: 0,
    fetchedOffset,
    endOffset,
    highWatermark: endOffset,
    records: offsets.map((offset) => ({ offset, key: null, value: null, headers: {} })),
  }
}

describe('parts of a fetched batch', () => {
  it('cover every offset once, also those without a record', () => {
    const chunks = chunksOf(batch([11n, 12n, 15n, 16n, 17n], 10n, 20n), 2)
    expect(chunks.map(({ fetchedOffset, endOffset }) => [fetchedOffset, endOffset])).toEqual([
      [10n, 15n],
      [15n, 17n],
      [17n, 20n],
    ])
    expect(chunks.flatMap(({ records }) => records.map(({ offset }) => offset))).toEqual([
      11n,
      12n,
      15n,
      16n,
      17n,
    ])
  })
})

describe('the wait between tries', () => {
  it('doubles up to five seconds and is never less than half of that', () => {
    expect([1, 2, 3, 20, 1e6].map((tries) => backOffMs(tries, 1))).toEqual([
      100, 200, 400, 5000, 5000,
    ])
    expect(backOffMs(20, 0)).toBe(2500)
  })
})
