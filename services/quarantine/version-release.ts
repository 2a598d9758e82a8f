import type { Mode } from '#core/routing.ts'
import type { BatchAttempts } from '#platform/kafka/durable-write.ts'
import type { DestinationContext } from './destination.ts'
import { destinationOf } from './destination.ts'
import type { Extent } from './extent.ts'
import { takeInventory } from './inventory.ts'
import type { QuarantineLog } from './quarantine-log.ts'
import type { ReleaseEnd } from './release.ts'
import { release } from './release.ts'
import type { ReleaseTally } from './release-tally.ts'

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
  /** Events a second at most, in each round; null for no limit. */
  readonly rate: number | null
  readonly stopped: AbortSignal
  /** Of all rounds. */
  readonly tally: ReleaseTally
  readonly onStep: () => void
}

type RoundEnd =
  | { readonly kind: 'done'; readonly looked: number }
  | Exclude<ReleaseEnd, { readonly kind: 'done' | 'stopped' }>
  | { readonly kind: 'stopped' }

/**
 * Releases what was set aside because its version was unknown, round after round; each looks only
 * at what has come since the last one that went to its end. What was set aside for another reason
 * waits for an operator, as it would have had the version been known.
 */
export class VersionRelease {
  readonly #options: VersionReleasing
  /** By `<mode>/<partition>`: everything before is released, or stays. */
  readonly #next = new Map<string, bigint>()

  constructor(options: VersionReleasing) {
    this.#options = options
  }

  /** Moves what waits now, in order; the modes one after another. */
  async round(): Promise<RoundEnd> {
    let looked = 0
    for (const quarantine of this.#options.quarantines) {
      const end = await this.#release(quarantine)
      if (end.kind !== 'done') return end
      looked += end.looked
    }
    return { kind: 'done', looked }
  }

  async #release(quarantine: VersionQuarantine): Promise<RoundEnd> {
    const { version, attempts, isAlone, rate, stopped, tally, onStep } = this.#options
    const { mode, log } = quarantine
    const extents = await this.#newExtents(quarantine)
    if (extents === null) return { kind: 'halted', why: `${log.topic} cannot be reached` }
    const filter = { version, reason: 'unknown_version' }
    const reading = { log, extents, filter, stopped, onProgress: () => {} }
    const { end, inventory } = await takeInventory(reading)
    if (end.kind === 'handler_failed') throw end.error
    if (end.kind === 'stopped') return { kind: 'stopped' }
    if (end.kind !== 'read') return { kind: 'halted', why: `Kafka went away (${end.kind})` }
    const looked = inventory.counts.waiting
    if (looked > 0) {
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
      if (released.kind === 'halted') return released
      if (released.kind === 'stopped') return { kind: 'stopped' }
    }
    for (const { partition, high } of extents) this.#next.set(`${mode}/${partition}`, high)
    return { kind: 'done', looked }
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
