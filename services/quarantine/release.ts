import { setTimeout as delay } from 'node:timers/promises'
import type { BatchAttempts } from '#platform/kafka/durable-write.ts'
import { SYSTEM_CLOCK, writeDurably } from '#platform/kafka/durable-write.ts'
import type { StretchEnd } from '#platform/kafka/log-stretch.ts'
import type { Destination } from './destination.ts'
import type { SetAsideEvent } from './entry.ts'
import { markerRecord } from './entry.ts'
import type { Inventory } from './inventory.ts'
import { readChosen } from './inventory.ts'
import type { QuarantineLog } from './quarantine-log.ts'
import { restMs, stepLength } from './release-pace.ts'
import type { ReleaseTally } from './release-tally.ts'

export interface Release {
  readonly log: QuarantineLog
  /** What waits, taken while the right to release was held already. */
  readonly inventory: Inventory
  /** What an event comes to now; pure. */
  readonly destinationOf: (event: SetAsideEvent) => Destination
  /** Null for a dry run. */
  readonly attempts: BatchAttempts | null
  /** Whether nobody else can release now; asked before each step. */
  readonly isAlone: () => Promise<boolean>
  /**
   * Events a second at most, and at most half of the time: where steps take longer, brokers or
   * machine have other things to do. Null for as fast as it goes.
   */
  readonly rate: number | null
  /** Ends the release after the step in hand. */
  readonly stopped: AbortSignal
  /** Grows as the release goes on, so that an interrupted one can be told of too. */
  readonly tally: ReleaseTally
  readonly onStep: () => void
}

export type ReleaseEnd =
  | { readonly kind: 'done' }
  | { readonly kind: 'stopped' }
  /** In words. What was released until then stays released. */
  | { readonly kind: 'halted'; readonly why: string }

type Moving = Extract<Destination, { kind: 'domain' }> & { readonly event: SetAsideEvent }

/** A broker's death is over in 13 s; a rolling restart takes longer. */
const PATIENCE_MS = 60_000
/** After Ctrl-C. */
const IMPATIENCE_MS = 5000
const BROKER_REFUSES = 'the broker does not take this record'

class Run {
  halted: string | null = null
  readonly #release: Release
  readonly #beganMs = performance.now()
  /** A tally may be of several releases. */
  readonly #movedBefore: number

  constructor(release: Release) {
    this.#release = release
    this.#movedBefore = release.tally.moved
  }

  get over(): boolean {
    return this.halted !== null || this.#release.stopped.aborted
  }

  async take(events: readonly SetAsideEvent[]): Promise<void> {
    const { rate, onStep } = this.#release
    const length = stepLength(rate)
    for (let from = 0; from < events.length && !this.over; from += length) {
      const begunMs = performance.now()
      await this.#step(events.slice(from, from + length))
      onStep()
      await this.#pause(performance.now() - begunMs)
    }
    if (this.halted !== null) throw new Error('halted')
  }

  async #step(events: readonly SetAsideEvent[]): Promise<void> {
    const { destinationOf, attempts, isAlone, tally } = this.#release
    if (attempts !== null && !(await isAlone())) {
      this.halted = 'the lock that keeps other releases away was lost'
      return
    }
    const moving: Moving[] = []
    for (const event of events) {
      const destination = destinationOf(event)
      if (destination.kind === 'stays') tally.stay(event, destination.reason, destination.detail)
      else moving.push({ ...destination, event })
    }
    if (attempts !== null) await this.#write(attempts, moving)
    else for (const one of moving) this.#count(one)
  }

  /** First the events, then their markers: a crash in between repeats events, and loses none. */
  async #write(attempts: BatchAttempts, moving: readonly Moving[]): Promise<void> {
    const { log, stopped, tally } = this.#release
    const patienceMs = () => (stopped.aborted ? IMPATIENCE_MS : PATIENCE_MS)
    const writing = { attempts, patienceMs, clock: SYSTEM_CLOCK }
    const { written, halted } = await writeDurably(
      writing,
      moving.map(({ record }) => record),
    )
    this.halted = halted
    const durable = moving.flatMap((one, i) => {
      const outcome = written[i] ?? null
      if (outcome?.kind === 'refused') {
        tally.stay(one.event, 'broker_refused', `${BROKER_REFUSES} (${outcome.reason})`)
      }
      return outcome?.kind === 'durable' ? [{ ...one, at: outcome.at }] : []
    })
    const markers = durable.map(({ event, at }) => markerRecord(log.topic, event, at))
    const marking = await writeDurably(writing, markers)
    for (const [i, one] of durable.entries()) {
      this.#count(one)
      if (marking.written[i]?.kind !== 'durable') tally.unmarked += 1
    }
    this.halted ??= marking.halted
  }

  #count({ owner, domain }: Moving): void {
    this.#release.tally.move(owner.tenantId, owner.mode, domain)
  }

  async #pause(tookMs: number): Promise<void> {
    const { attempts, rate, stopped, tally } = this.#release
    if (rate === null || attempts === null) return
    const moved = tally.moved - this.#movedBefore
    const ms = restMs(tookMs, moved, performance.now() - this.#beganMs, rate)
    // An abort is no failure: whoever waits looks at the signal.
    if (ms > 0) await delay(ms, undefined, { signal: stopped }).catch(() => {})
  }
}

function endOf({ halted }: Run, end: StretchEnd, stopped: AbortSignal): ReleaseEnd {
  if (halted !== null) return { kind: 'halted', why: halted }
  if (end.kind === 'handler_failed') throw end.error
  if (end.kind === 'stopped' || (end.kind === 'read' && stopped.aborted)) return { kind: 'stopped' }
  if (end.kind === 'read') return { kind: 'done' }
  return { kind: 'halted', why: `Kafka went away (${end.kind})` }
}

/**
 * Puts what waits through the ingress's steps again, in the order of each partition and so of each
 * tenant. What still cannot be routed stays and is counted; later events of its tenant go on, as
 * they would have when they came. Repeating a release repeats nothing that its markers name.
 */
export async function release(options: Release): Promise<ReleaseEnd> {
  const { log, inventory, stopped } = options
  const run = new Run(options)
  const chosen = { log, inventory, state: 'waiting', stopped, onProgress: () => {} } as const
  const end = await readChosen(chosen, (events) => run.take(events))
  return endOf(run, end, stopped)
}
