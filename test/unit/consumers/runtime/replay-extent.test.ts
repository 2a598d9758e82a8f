import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { replayExtent } from '#consumers/runtime/replay-extent.ts'

const bounds = { low: 0n, high: 100n, next: 100n, first: 10n, after: 40n }

describe('a replay', () => {
  it('reads from the first record of its time to the first that is newer', () => {
    expect(replayExtent(bounds)).toMatchObject({ from: 10n, to: 40n, ahead: 0n })
  })

  it('ends where the group stands and leaves the rest to it', () => {
    expect(replayExtent({ ...bounds, next: 25n })).toMatchObject({ from: 10n, to: 25n, ahead: 15n })
  })

  it('reads nothing of what the group has not come to at all', () => {
    expect(replayExtent({ ...bounds, next: 5n })).toMatchObject({ from: 10n, to: 10n, ahead: 30n })
  })

  it('begins with the oldest record that the topic still holds, and says that older ones are gone', () => {
    const cut = replayExtent({ ...bounds, low: 20n, first: 20n })
    expect(cut).toMatchObject({ from: 20n, to: 40n, isCut: true })
    expect(replayExtent({ ...bounds, low: 5n }).isCut).toBe(false)
    expect(replayExtent({ ...bounds, first: 0n }).isCut).toBe(false)
  })

  it('reads nothing of a topic that was made anew, which the group will read itself', () => {
    expect(replayExtent({ ...bounds, next: 500n })).toMatchObject({
      from: 10n,
      to: 10n,
      ahead: 30n,
    })
  })

  it('never leaves the log, and never goes beyond the group', () => {
    const offset = fc.bigInt({ min: 0n, max: 50n })
    fc.assert(
      fc.property(offset, offset, offset, offset, offset, (a, b, next, first, after) => {
        const [low, high] = a < b ? [a, b] : [b, a]
        const { from, to, ahead } = replayExtent({ low, high, next, first, after })
        expect(low <= from && from <= to && to <= high && ahead >= 0n).toBe(true)
        expect(to === from || to <= next).toBe(true)
      }),
    )
  })
})
