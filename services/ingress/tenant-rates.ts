/** A rate with bursts; a rate of 0 limits nothing. */
export interface RateLimit {
  readonly perSecond: number
  /** Events at once, after a rest. */
  readonly burst: number
}

/** What one more event comes to: the next reading of the bucket, or how long to wait. */
type Take =
  | { readonly ok: true; readonly fullAt: number }
  | { readonly ok: false; readonly waitMs: number }

/**
 * A token bucket as one number: the moment at which it will be full again (generic cell rate
 * algorithm). Milliseconds of any clock that never goes back; a bucket nobody knows is full.
 */
function take(fullAt: number | undefined, now: number, limit: RateLimit): Take {
  const perEvent = 1000 / limit.perSecond
  const next = Math.max(fullAt ?? now, now) + perEvent
  const waitMs = next - now - limit.burst * perEvent
  // Sums of fractions: without the tolerance the last of a burst would be refused at times.
  return waitMs > perEvent * 1e-6 ? { ok: false, waitMs } : { ok: true, fullAt: next }
}

/**
 * A bucket for each tenant that sent lately. In two generations, each as long as an empty bucket
 * takes to fill: what was not touched for one is full, and forgotten whole without a loss.
 */
export class TenantRates {
  readonly #limit: RateLimit
  readonly #generationMs: number
  #young = new Map<string, number>()
  #old = new Map<string, number>()
  #since = Number.NEGATIVE_INFINITY

  constructor(limit: RateLimit) {
    this.#limit = limit
    this.#generationMs = (limit.burst / limit.perSecond) * 1000
  }

  /** Buckets that may not be full. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Takes one token; null, or the milliseconds after which there will be one. */
  refuses(tenant: string, now: number): number | null {
    if (this.#limit.perSecond === 0) return null
    this.#age(now)
    const result = take(this.#young.get(tenant) ?? this.#old.get(tenant), now, this.#limit)
    if (!result.ok) return result.waitMs
    this.#young.set(tenant, result.fullAt)
    return null
  }

  #age(now: number): void {
    const age = now - this.#since
    if (age < this.#generationMs) return
    this.#old = age < 2 * this.#generationMs ? this.#young : new Map()
    this.#young = new Map()
    this.#since = now
  }
}
