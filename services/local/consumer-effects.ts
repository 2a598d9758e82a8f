import { setTimeout as delay } from 'node:timers/promises'
import type { Database, Row } from '#platform/postgres/database.ts'

/** What a consumer did with an event, as it wrote it down. */
export interface ConsumerEffect {
  /** `applied`, `stale`, `history_only` or `set_aside`. */
  readonly outcome: string
  /** The tables that it wrote, besides the history. */
  readonly tables: readonly string[]
  /** Why it was set aside. */
  readonly reason: string | null
}

interface Waiting {
  readonly deadline: number
  readonly resolve: (effect: ConsumerEffect | null) => void
}

const POLL_MS = 50

const HANDLED = `
SELECT event_id, outcome, effect, NULL AS reason FROM runtime.inbox
WHERE event_id = ANY($1) AND group_id = topic || '.' || $2 AND outcome <> 'set_aside'
UNION ALL
SELECT event_id, 'set_aside', '', reason FROM runtime.set_aside
WHERE event_id = ANY($1) AND group_id = topic || '.' || $2`

function effectOf(row: Row): ConsumerEffect {
  const tables = String(row.effect)
    .split(',')
    .filter((name) => name !== '')
  return { outcome: String(row.outcome), tables, reason: row.reason as string | null }
}

/** Looks in the consumers' own tables for what became of events, for all that wait in one query. */
export class ConsumerEffects {
  readonly #database: Database
  readonly #service: string
  readonly #waiting = new Map<string, Waiting>()
  #looking = false

  /** @param service last part of the consumer groups' names */
  constructor(database: Database, service: string) {
    this.#database = database
    this.#service = service
  }

  /** Waits until the event was handled; null when that was not seen within the time. */
  of(eventId: string, withinMs: number): Promise<ConsumerEffect | null> {
    return new Promise((resolve) => {
      this.#waiting.set(eventId, { deadline: performance.now() + withinMs, resolve })
      if (!this.#looking) void this.#lookOn()
    })
  }

  async #lookOn(): Promise<void> {
    this.#looking = true
    while (this.#waiting.size > 0) {
      for (const row of await this.#handled()) this.#settle(String(row.event_id), effectOf(row))
      const now = performance.now()
      for (const [id, { deadline }] of this.#waiting) if (now > deadline) this.#settle(id, null)
      await delay(POLL_MS)
    }
    this.#looking = false
  }

  // A database that is away means "not yet"; whoever minds it says so elsewhere.
  #handled(): Promise<readonly Row[]> {
    const values = [[...this.#waiting.keys()], this.#service]
    return this.#database
      .session((session) => session.query({ text: HANDLED, values }))
      .catch(() => [])
  }

  #settle(eventId: string, effect: ConsumerEffect | null): void {
    this.#waiting.get(eventId)?.resolve(effect)
    this.#waiting.delete(eventId)
  }
}
