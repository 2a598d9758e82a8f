import type { Domain, Mode } from '#core/routing.ts'
import type { SetAsideEvent } from './entry.ts'

/** Events of one kind that went, or would go, to a domain. */
export interface MovedCount {
  readonly tenant: string
  readonly mode: Mode
  readonly domain: Domain
  readonly events: number
}

/** Events that stay set aside for one cause. */
export interface StayedCount {
  readonly reason: string
  readonly detail: string
  readonly events: number
  /** One of them: `<partition>/<offset>`. */
  readonly example: string
}

/** Causes are bounded by rules and schemas; a version that nobody knows can have any name. */
const MOST_CAUSES = 200
const OTHER_CAUSES = { reason: 'other', detail: 'more causes than are kept apart' }

/** What a release came to, or would come to. Grows with tenants and causes, not with events. */
export class ReleaseTally {
  moved = 0
  stayed = 0
  /** Durable in their domain, but without a marker: the next release writes them once more. */
  unmarked = 0
  readonly #moved = new Map<string, MovedCount>()
  readonly #stayed = new Map<string, StayedCount>()

  get done(): number {
    return this.moved + this.stayed
  }

  move(tenant: string, mode: Mode, domain: Domain): void {
    const key = `${tenant} ${mode} ${domain}`
    const events = (this.#moved.get(key)?.events ?? 0) + 1
    this.#moved.set(key, { tenant, mode, domain, events })
    this.moved += 1
  }

  stay({ partition, offset }: SetAsideEvent, reason: string, detail: string): void {
    const cause = this.#stayed.size < MOST_CAUSES ? { reason, detail } : OTHER_CAUSES
    const own = `${reason} ${detail}`
    const key = this.#stayed.has(own) ? own : `${cause.reason} ${cause.detail}`
    const known = this.#stayed.get(key) ?? {
      ...cause,
      events: 0,
      example: `${partition}/${offset}`,
    }
    this.#stayed.set(key, { ...known, events: known.events + 1 })
    this.stayed += 1
  }

  /** The most first. */
  movedCounts(): readonly MovedCount[] {
    return [...this.#moved.values()].sort((a, b) => b.events - a.events)
  }

  /** The most first. */
  stayedCounts(): readonly StayedCount[] {
    return [...this.#stayed.values()].sort((a, b) => b.events - a.events)
  }
}
