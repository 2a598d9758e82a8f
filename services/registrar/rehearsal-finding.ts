import type { Domain } from '#core/routing.ts'
import type { ValueKind } from './value-shape.ts'

/**
 * What a candidate would do to something in the traffic: set the event aside, write a field null,
 * lose what is typed today, lose digits; or leave in `raw` alone what is not typed today either.
 */
type Effect = 'set_aside' | 'nulled' | 'lost' | 'rounded' | 'unknown'

/** What makes two observations the same finding. */
export interface Observation {
  readonly domain: Domain
  /** Event type. */
  readonly type: string
  /** As `schemas diff` writes it: `settlement.lines[].amount_cents`. */
  readonly path: string
  readonly effect: Effect
  /** The candidate's type; null where it has no field. */
  readonly expected: string | null
  readonly seen: ValueKind
  /** Which field becomes null, for `nulled`. */
  readonly nulls: string | null
  /** The registered schema does the same with it, so it is not the candidate's doing. */
  readonly asToday: boolean
}

/** Where one of the events lies, and what its value looks like. */
interface TrafficSample {
  /** `<topic>/<partition>/<offset>` */
  readonly at: string
  readonly tenant: string
  /** Never the value. */
  readonly shape: string
}

export interface RehearsalFinding extends Observation {
  readonly events: number
  /** At least so many when `isMoreTenants`. */
  readonly tenants: number
  readonly isMoreTenants: boolean
  /** Some of them. */
  readonly someTenants: readonly string[]
  /** When events of it were written; milliseconds since the epoch. */
  readonly firstMs: number
  readonly lastMs: number
  readonly samples: readonly TrafficSample[]
}

/** An event in which something was observed. */
export interface Occurrence {
  readonly at: string
  readonly tenant: string
  readonly timeMs: number
  readonly shape: () => string
}

const MOST_TENANTS = 200
const SOME_TENANTS = 5
const MOST_FINDINGS = 1000

class Entry {
  readonly observation: Observation
  readonly #tenants = new Set<string>()
  readonly #samples: TrafficSample[] = []
  #events = 0
  #isMoreTenants = false
  #firstMs = Number.POSITIVE_INFINITY
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(observation: Observation) {
    this.observation = observation
  }

  add({ at, tenant, timeMs, shape }: Occurrence, mostSamples: number): void {
    this.#events += 1
    this.#firstMs = Math.min(this.#firstMs, timeMs)
    this.#lastMs = Math.max(this.#lastMs, timeMs)
    if (this.#tenants.size < MOST_TENANTS) this.#tenants.add(tenant)
    else if (!this.#tenants.has(tenant)) this.#isMoreTenants = true
    if (this.#samples.length < mostSamples) this.#samples.push({ at, tenant, shape: shape() })
  }

  finding(): RehearsalFinding {
    return {
      ...this.observation,
      events: this.#events,
      tenants: this.#tenants.size,
      isMoreTenants: this.#isMoreTenants,
      someTenants: [...this.#tenants].slice(0, SOME_TENANTS),
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      samples: this.#samples,
    }
  }
}

/** Whether it is the candidate's doing and does harm. */
export function isHarm({ effect, asToday }: Pick<Observation, 'effect' | 'asToday'>): boolean {
  return effect !== 'unknown' && !asToday
}

/** Counts observations in bounded memory; harm is kept before what is only worth knowing. */
export class FindingTally {
  readonly #entries = new Map<string, Entry>()
  readonly #mostSamples: number
  #notes = 0
  #leftOutHarm = 0
  #leftOutNotes = 0

  constructor(mostSamples: number) {
    this.#mostSamples = mostSamples
  }

  /** Observations, not events, for which no room was left. */
  get leftOut(): { readonly harm: number; readonly notes: number } {
    return { harm: this.#leftOutHarm, notes: this.#leftOutNotes }
  }

  add(observation: Observation, occurrence: Occurrence): void {
    const entry = this.#entryOf(observation)
    if (entry !== null) entry.add(occurrence, this.#mostSamples)
    else if (isHarm(observation)) this.#leftOutHarm += 1
    else this.#leftOutNotes += 1
  }

  /** Harm first, then the most frequent. */
  findings(): readonly RehearsalFinding[] {
    const found = [...this.#entries.values()].map((entry) => entry.finding())
    return found.sort((a, b) => Number(isHarm(b)) - Number(isHarm(a)) || b.events - a.events)
  }

  #entryOf(observation: Observation): Entry | null {
    const { domain, type, path, effect, expected, seen, nulls, asToday } = observation
    const key = [domain, type, path, effect, expected, seen, nulls, asToday].join('|')
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const isNote = !isHarm(observation)
    const room = isNote ? MOST_FINDINGS - this.#notes : 2 * MOST_FINDINGS - this.#entries.size
    if (room <= 0) return null
    if (isNote) this.#notes += 1
    const entry = new Entry(observation)
    this.#entries.set(key, entry)
    return entry
  }
}
