import type { Outcome } from '#core/outcome.ts'

interface InFlight {
  readonly digest: string
  readonly outcome: Promise<Outcome>
  /** Copies that wait for it. */
  joined: number
}

/**
 * Copies of one event that may wait for it; they take no token. The sender repeats an event after
 * 15 s at the soonest, when the first has been given up.
 */
const MOST_JOINED = 8

/** The later of two copies says so, the earlier one's place stays. */
function asDuplicate(outcome: Outcome): Outcome {
  return outcome.kind === 'stored' ? { ...outcome, kind: 'duplicate' } : outcome
}

/** Events whose outcome Kafka has yet to decide, by a key that names each. */
export class EventsInFlight {
  readonly #events = new Map<string, InFlight>()

  began(key: string, digest: string, outcome: Promise<Outcome>): void {
    this.#events.set(key, { digest, outcome, joined: 0 })
  }

  ended(key: string): void {
    this.#events.delete(key)
  }

  /** The outcome of the event for a copy of it; `crowded` when too many wait, null when there is none. */
  join(key: string, digest: string): Promise<Outcome> | 'conflict' | 'crowded' | null {
    const event = this.#events.get(key)
    if (event === undefined) return null
    if (event.digest !== digest) return 'conflict'
    if (event.joined === MOST_JOINED) return 'crowded'
    event.joined += 1
    return event.outcome.then(asDuplicate)
  }
}
