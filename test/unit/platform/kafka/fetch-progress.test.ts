import { describe, expect, it } from 'vitest'
import { FetchProgress } from '#platform/kafka/fetch-progress.ts'

type Step = (progress: FetchProgress, nowMs: number) => void

const limitMs = 60_000
const joined: Step = (progress, nowMs) => progress.assigned(2, nowMs)
const left: Step = (progress, nowMs) => progress.assigned(0, nowMs)
const answer: Step = (progress, nowMs) => progress.answered(nowMs)
const taken: Step = (progress, nowMs) => progress.taken(nowMs)
const released: Step = (progress, nowMs) => progress.released(nowMs)
const moved =
  (partition: number, position: bigint): Step =>
  (progress, nowMs) =>
    progress.moved(partition, position, nowMs)
/** A batch that begins at `from` and was left at once, with `high` as the end of the partition. */
const batch =
  (partition: number, from: bigint, high: bigint): Step =>
  (progress, nowMs) => {
    progress.answered(nowMs)
    progress.taken(nowMs)
    progress.brought({ partition, fetchedOffset: from, highWatermark: high }, nowMs)
    progress.released(nowMs)
  }

/** Whether fetching stands still at `atMs`, after the steps and with an answer every ten seconds. */
function standsStill(steps: readonly (readonly [number, Step])[], atMs: number, answers = true) {
  const progress = new FetchProgress(limitMs, 0)
  const fetches = Array.from({ length: answers ? atMs / 10_000 : 0 }, (_, i) => {
    return [i * 10_000, answer] as const
  })
  const all = [...steps, ...fetches].sort(([a], [b]) => a - b)
  for (const [nowMs, step] of all) step(progress, nowMs)
  return progress.standsStill(atMs)
}

describe('a member whose fetches are not answered', () => {
  it.each([
    ['59.999 s after it joined', [[0, joined]], 59_999, false],
    ['60 s after it joined', [[0, joined]], 60_000, true],
    ['60 s after the last answer', [[0, joined] as const, [9, answer] as const], 60_009, true],
    ['less after the last answer', [[0, joined] as const, [9, answer] as const], 60_008, false],
    ['before it joined, however long', [], 600_000, false],
    ['without a partition', [[0, left]], 600_000, false],
    ['while it joins anew', [[0, joined] as const, [50_000, left] as const], 600_000, false],
    ['after it joined anew', [[0, joined] as const, [50_000, joined] as const], 109_999, false],
    ['with a batch in hand', [[0, joined] as const, [5, taken] as const], 600_000, false],
  ] as const)('is judged rightly %s', (_, steps, atMs, verdict) => {
    expect(standsStill(steps, atMs, false)).toBe(verdict)
  })

  it('is given the whole time that it waited, before and after a batch in hand', () => {
    const steps = [
      [0, joined],
      [40_000, taken],
      [400_000, released],
    ] as const
    expect(standsStill(steps, 419_999, false)).toBe(false)
    expect(standsStill(steps, 420_000, false)).toBe(true)
  })

  it('is waited for until every batch in hand is done', () => {
    const steps = [
      [0, joined],
      [0, taken],
      [0, taken],
      [10_000, released],
    ] as const
    expect(standsStill(steps, 600_000, false)).toBe(false)
  })
})

describe('a member whose fetches are answered', () => {
  it.each([
    ['nothing was ever written', [], false],
    ['it has read everything', [batch(0, 0n, 10n), moved(0, 10n)], false],
    ['a partition has more and does not move', [batch(0, 0n, 10n), moved(0, 9n)], true],
    ['a batch was given up and never came again', [batch(0, 0n, 10n)], true],
    ['the rest of the partition cannot be seen', [batch(0, 0n, 9n), moved(0, 12n)], false],
    ['one partition moves and another does not', [batch(0, 0n, 5n), batch(1, 0n, 5n)], true],
  ] as const)('is judged rightly where %s', (_, steps, verdict) => {
    const after = steps.map((step) => [5, step] as const)
    const other = [50_000, moved(1, 5n)] as const
    expect(standsStill([[0, joined], ...after, other], 60_004)).toBe(false)
    expect(standsStill([[0, joined], ...after, other], 60_005)).toBe(verdict)
  })

  it('is not judged by what comes again and again to the same place, only by what moves', () => {
    const again = Array.from({ length: 12 }, (_, i) => [i * 5000, batch(0, 3n, 10n)] as const)
    expect(standsStill([[0, joined], ...again], 59_999)).toBe(false)
    expect(standsStill([[0, joined], ...again], 60_000)).toBe(true)
  })

  it('is given its time anew by every step, also backwards', () => {
    const steps = [
      [0, joined],
      [0, batch(0, 3n, 10n)],
      [50_000, moved(0, 4n)],
      [100_000, moved(0, 2n)],
    ] as const
    expect(standsStill(steps, 159_999)).toBe(false)
    expect(standsStill(steps, 160_000)).toBe(true)
  })

  it('is not judged by partitions that it no longer has', () => {
    const steps = [
      [0, joined],
      [0, batch(0, 3n, 10n)],
      [30_000, joined],
    ] as const
    expect(standsStill(steps, 600_000)).toBe(false)
  })
})
