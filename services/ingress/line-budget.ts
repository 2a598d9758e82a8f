/** Lines of one kind at once, and per second after that. */
export const LINES_AT_ONCE = 100
export const LINES_PER_SECOND = 20

interface Bucket {
  /** Lines that may be written now. */
  left: number
  atMs: number
  /** Lines that were not written since the last that was. */
  leftOut: number
}

/**
 * How many lines of each kind may be written: who can reach the port must not be able to fill a
 * disk, and a flood of one kind must not hide the others. Kinds are few, so nothing is forgotten.
 */
export class LineBudget {
  readonly #buckets = new Map<string, Bucket>()
  readonly #now: () => number

  /** @param now milliseconds of a clock that only grows */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Null when the line must be left out, else how many were left out before it. */
  take(kind: string): number | null {
    const now = this.#now()
    const bucket = this.#buckets.get(kind) ?? { left: LINES_AT_ONCE, atMs: now, leftOut: 0 }
    const left = Math.min(
      LINES_AT_ONCE,
      bucket.left + ((now - bucket.atMs) / 1000) * LINES_PER_SECOND,
    )
    const isPaid = left >= 1
    this.#buckets.set(kind, {
      left: isPaid ? left - 1 : left,
      atMs: now,
      leftOut: isPaid ? 0 : bucket.leftOut + 1,
    })
    return isPaid ? bucket.leftOut : null
  }
}
