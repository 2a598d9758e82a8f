import type { Coordinate } from '#core/outcome.ts'

/** An acknowledged event, for as long as it is remembered. */
export interface RecentEvent {
  /** SHA-256 of the body: the same id with another body is a conflict, not a duplicate. */
  readonly digest: string
  readonly at: Coordinate
}

/**
 * The newest acknowledged events in two generations: when the young one is full it becomes the old
 * one, and the old one is forgotten whole. A Map used as a queue costs eighty times as much
 * (`performance.md`). Forgetting is harmless: consumers remove duplicates for 30 days.
 */
export class RecentEvents {
  readonly #perGeneration: number
  #young = new Map<string, RecentEvent>()
  #old = new Map<string, RecentEvent>()

  /** @param capacity how many events are kept at most; 0 keeps none */
  constructor(capacity: number) {
    this.#perGeneration = Math.ceil(capacity / 2)
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  find(key: string): RecentEvent | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  remember(key: string, event: RecentEvent): void {
    if (this.#perGeneration === 0) return
    if (this.#young.size >= this.#perGeneration) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, event)
  }
}
