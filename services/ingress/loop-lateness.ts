const TICK_MS = 100
/** One pause, of the garbage collector say, makes one tick late; only a busy loop makes several. */
const TICKS = 3

/** How late the event loop was throughout: the least of its latest ticks. Milliseconds. */
export function sustainedLateness(latest: readonly number[]): number {
  return latest.length < TICKS ? 0 : Math.max(0, Math.min(...latest))
}

/** Watches how late this process comes to what is due. */
export class LoopLateness {
  readonly #now: () => number
  #latest: readonly number[] = []
  #sustainedMs = 0
  #timer: NodeJS.Timeout | null = null

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Never more than a single pause accounts for. */
  get sustainedMs(): number {
    return this.#sustainedMs
  }

  start(): void {
    this.#tick(this.#now())
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #tick(since: number): void {
    const due = since + TICK_MS
    this.#timer = setTimeout(() => {
      const now = this.#now()
      this.#latest = [...this.#latest.slice(1 - TICKS), now - due]
      this.#sustainedMs = sustainedLateness(this.#latest)
      this.#tick(now)
    }, TICK_MS)
    this.#timer.unref()
  }
}
