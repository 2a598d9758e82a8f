/** A topic that was refused is left alone for this long, so that it does not slow the others. */
const TOPIC_PAUSE_MS = 1000

/** Topics that a broker has refused a moment ago, and why. */
export class TopicPauses {
  readonly #pauses = new Map<string, { readonly until: number; readonly reason: string }>()

  pause(topic: string, reason: string, now: number): void {
    this.#pauses.set(topic, { until: now + TOPIC_PAUSE_MS, reason })
  }

  /** Forgets those that are over; whether there is none left. */
  areOver(now: number): boolean {
    for (const [topic, { until }] of this.#pauses) if (until <= now) this.#pauses.delete(topic)
    return this.#pauses.size === 0
  }

  /** Why a topic is paused; undefined when it is not. */
  reasonOf(topic: string): string | undefined {
    return this.#pauses.get(topic)?.reason
  }
}
