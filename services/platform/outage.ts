import type { Logger } from './log.ts'

/** While it lasts. */
const AGAIN_MS = 60_000
/** Between outages, so that what comes and goes does not fill the log. */
const ANOTHER_MS = 10_000

type Facts = Readonly<Record<string, unknown>>

export interface OutageOptions {
  readonly log: Logger
  /** Event of the line that says that something does not work. */
  readonly away: string
  /** And of the line that says that it works again. */
  readonly back: string
  /** Milliseconds of a clock that only grows; the process's own when missing. */
  readonly now?: () => number
}

/** Says that something is away: at once, then once a minute, and when it is back. */
export class Outage {
  readonly #options: OutageOptions
  readonly #now: () => number
  #sinceMs: number | null = null
  #saidMs = Number.NEGATIVE_INFINITY
  #isSaid = false
  #tries = 0

  constructor(options: OutageOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** It was tried, and did not work. */
  away(facts: Facts = {}): void {
    const now = this.#now()
    this.#sinceMs ??= now
    this.#tries += 1
    if (now - this.#saidMs < (this.#isSaid ? AGAIN_MS : ANOTHER_MS)) return
    this.#saidMs = now
    this.#isSaid = true
    this.#options.log.warn({ event: this.#options.away, ...facts, ...this.#extent(now) })
  }

  /** It worked. Says so only after an outage that was spoken of. */
  back(facts: Facts = {}): void {
    if (this.#sinceMs === null) return
    const extent = this.#extent(this.#now())
    if (this.#isSaid) this.#options.log.info({ event: this.#options.back, ...facts, ...extent })
    this.#sinceMs = null
    this.#isSaid = false
    this.#tries = 0
  }

  #extent(now: number) {
    return { tries: this.#tries, away_ms: Math.round(now - (this.#sinceMs ?? now)) }
  }
}
