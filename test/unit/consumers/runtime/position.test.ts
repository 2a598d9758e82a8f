import { describe, expect, it } from 'vitest'
import { aheadVerdict, nextAfter, positionVerdict } from '#consumers/runtime/position.ts'

const position = (nextOffset: bigint, fetchedOffset: bigint, highWatermark: bigint) => ({
  nextOffset,
  fetchedOffset,
  highWatermark,
})

describe('the place of a batch', () => {
  it('handles a batch that begins where the database stands', () => {
    expect(positionVerdict(position(7n, 7n, 20n))).toBe('handle')
  })

  it('handles a batch that begins earlier, since only the inbox knows what was done', () => {
    expect(positionVerdict(position(7n, 0n, 20n))).toBe('handle')
  })

  it('does not believe a batch that begins later', () => {
    expect(positionVerdict(position(7n, 8n, 20n))).toBe('ahead')
  })

  it('sees that the topic was made anew when the database is ahead of the whole log', () => {
    expect(positionVerdict(position(21n, 0n, 20n))).toBe('reset')
    expect(positionVerdict(position(20n, 20n, 20n))).toBe('handle')
  })

  it('reads again from where the database stands when the log still holds it', () => {
    expect(aheadVerdict(position(7n, 9n, 20n), 0n)).toEqual({ kind: 'seek', to: 7n })
  })

  it('reads again from the first record that is left when retention took some', () => {
    expect(aheadVerdict(position(7n, 12n, 20n), 9n)).toEqual({ kind: 'seek', to: 9n })
  })

  it('goes on and names what is lost when retention took everything before the batch', () => {
    expect(aheadVerdict(position(7n, 12n, 20n), 12n)).toEqual({ kind: 'handle', lost: 5n })
  })

  it('never moves the offset back, unless the topic was made anew', () => {
    expect(nextAfter(position(7n, 0n, 20n), 3n)).toBe(7n)
    expect(nextAfter(position(7n, 7n, 20n), 9n)).toBe(10n)
    expect(nextAfter(position(50n, 0n, 20n), 3n)).toBe(4n)
  })

  it('keeps offsets beyond 2^53 exact', () => {
    const big = 9_007_199_254_740_993n
    expect(nextAfter(position(big, big, big + 5n), big)).toBe(big + 1n)
  })
})
