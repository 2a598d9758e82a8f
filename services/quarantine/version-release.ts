import type { Mode } from '#core/routing.ts'
import type { BatchAttempts } from '#platform/kafka/durable-write.ts'
import type { DestinationContext } from './destination.ts'
import { destinationOf } from './destination.ts'
import type { Extent } from './extent.ts'
import type { Inventory } from './inventory.ts'
import { takeInventory } from './inventory.ts'
import type { QuarantineLog } from './quarantine-log.ts'
import type { ReleaseEnd } from './release.ts'
import { release } from './release.ts'
import type { ReleaseTally } from './release-tally.ts'
import { unhurriedLog } from './unhurried-log.ts'

/** One mode's quarantine as a release of a version needs it. */
export interface VersionQuarantine {
  readonly mode: Mode
  readonly log: QuarantineLog
  /** Everything that is on the topic now. @throws when Kafka or the topic is away */
  readonly extents: () => Promise<readonly Extent[]>
}

export interface VersionReleasing {
  readonly version: string
  readonly quarantines: readonly VersionQuarantine[]
  /** How an ingress judges, once the version is active; mode and topic are those of each log. */
  readonly judgement: Omit<
    DestinationContext,
    'topic' | 'mode' | 'endpointNow' | 'acceptStale' | 'acceptCardNumbers'
  >
  readonly attempts: BatchAttempts
  readonly isAlone: () => Promise<boolean>
  /** Events a second at most, in each round. */
  readonly rate: number
  readonly stopped: AbortSignal
  /** Of all rounds. */
  readonly tally: ReleaseTally
  readonly onStep: () => void
}

type Unfinished = Exclude<ReleaseEnd, { readonly kind: 'done' }>

/** What was found on one quarantine, and not moved yet. */
interface Found {
  readonly quarantine: VersionQuarantine
  readonly extents: readonly Extent[]
  readonly inventory: Inventory
}

/** Slower than that helps nobody, events a second. */
const GENTLEST_RATE = 200

/**
 * Events a second of a release that may take so long: no faster than it must be, so that whoever
 * shares brokers and machines with it does not notice. Pure.
 *
 * @param withinMs null for the limit
 */
export function gentleRate(events: number, withinMs: number | null, limit: number): number {
  if (withinMs === null || withinMs <= 0) return limit
  return Math.min(limit, Math.max(GENTLEST_RATE, (events * 1000) / withinMs))
}

/**
 * Releases what was set aside because its version was unknown, round after round; each looks only
 * at what the one before has found waiting, or did not see yet. What was set aside for another reason
 * waits for an operator, as it would have had the version been known.
 */
export class VersionRelease {
  readonly #options: VersionReleasing
  /** By `<mode>/<partition>`: nothing before waits because of the version, or it stays. */
  readonly #next = new Map<string, bigint>()
  #found: readonly Found[] = []

  constructor(options: VersionReleasing) {
    this.#options = options
  }

  /** Finds what waits now; a look that moves nothing. */
  async look(): Promise<{ readonly kind: 'looked'; readonly events: number } | Unfinished> {
    const found: Found[] = []
    for (const quarantine of this.#options.quarantines) {
      const one = await this.#look(quarantine)
      if ('kind' in one) return one
      found.push(one)
    }
    this.#found = found
    return { kind: 'looked', events: this.#waiting }
  }

  /** Moves what the last look has found, in order; the modes one after another. */
  async release(withinMs: number | null): Promise<ReleaseEnd> {
    const rate = gentleRate(this.#waiting, withinMs, this.#options.rate)
    for (const found of this.#found) {
      const end = await this.#release(found, rate)
      if (end.kind !== 'done') return end
    }
    return { kind: 'done' }
  }

  get #waiting(): number {
    return this.#found.reduce((sum, { inventory }) => sum + inventory.counts.waiting, 0)
  }

  async #look(quarantine: VersionQuarantine): Promise<Found | Unfinished> {
    const { version, stopped } = this.#options
    const { log } = quarantine
    const extents = await this.#newExtents(quarantine)
    if (extents === null) return { kind: 'halted', why: `${log.topic} cannot be reached` }
    const filter = { version, reason: 'unknown_version' }
    const reading = { log: unhurriedLog(log), extents, filter, stopped, onProgress: () => {} }
    const { end, inventory } = await takeInventory(reading)
    if (end.kind === 'handler_failed') throw end.error
    if (end.kind === 'stopped') return { kind: 'stopped' }
    if (end.kind !== 'read') return { kind: 'halted', why: `Kafka went away (${end.kind})` }
    this.#noteFirstWaiting(quarantine.mode, extents, inventory)
    return { quarantine, extents, inventory }
  }

  /** Nothing before is worth another look: it is released, or waits for another reason. */
  #noteFirstWaiting(mode: Mode, extents: readonly Extent[], { partitions }: Inventory): void {
    for (const { partition, high } of extents) {
      const own = partitions.find(({ extent }) => extent.partition === partition)
      const [first = high] = own?.offsets.waiting ?? []
      this.#next.set(`${mode}/${partition}`, first)
    }
  }

  async #release({ quarantine, extents, inventory }: Found, rate: number): Promise<ReleaseEnd> {
    const { attempts, isAlone, stopped, tally, onStep } = this.#options
    const { mode, log } = quarantine
    if (inventory.counts.waiting > 0) {
      const context = this.#context(mode, log.topic)
      const released = await release({
        log,
        inventory,
        destinationOf: (event) => destinationOf(event, context),
        attempts,
        isAlone,
        rate,
        stopped,
        tally,
        onStep,
      })
      if (released.kind !== 'done') return released
    }
    for (const { partition, high } of extents) this.#next.set(`${mode}/${partition}`, high)
    return { kind: 'done' }
  }

  #context(mode: Mode, topic: string): DestinationContext {
    const { judgement } = this.#options
    // Tenant and mode were found to be the endpoint's before the version was looked at.
    const decided = { endpointNow: () => null, acceptStale: false, acceptCardNumbers: false }
    return { ...judgement, ...decided, mode, topic }
  }

  async #newExtents({ mode, extents }: VersionQuarantine): Promise<readonly Extent[] | null> {
    const found = await extents().catch(() => null)
    if (found === null) return null
    return found.map((extent) => {
      const next = this.#next.get(`${mode}/${extent.partition}`) ?? extent.from
      // Retention may have removed more than was looked at.
      return next > extent.from ? { ...extent, from: next } : extent
    })
  }
}
