import type { Attempt, OutgoingRecord, Stuck, StuckCause } from '#core/commit.ts'
import { coverage, placeOf } from '#core/commit.ts'
import type { Coordinate } from '#core/outcome.ts'
import type { BatchWriter, GroupCommitLimits } from './commitment.ts'
import type { HeldRecord, Probe } from './held-partitions.ts'
import { HeldPartitions } from './held-partitions.ts'

/** Where records go that have come through. */
interface TrialOwner<Item> {
  durable(item: Item, at: Coordinate): void
  refused(item: Item, refusal: Attempt & { kind: 'refused' }): void
  /** The partition of these can be written; they are in order, and not in the lane any more. */
  released(items: readonly Item[]): void
  /** Leaders may have moved while nobody answered. */
  moved(): void
  attempted(kind: Attempt['kind'], records: number, uncovered: number): void
}

interface TriedRecord extends HeldRecord {
  readonly settled: boolean
  /** Attempts that it has been in. */
  flights: number
}

export interface TrialLaneOptions<Item> {
  readonly writer: BatchWriter
  /** The back-off is waited before a partition that failed alone is tried again; doubles up to a second. */
  readonly limits: GroupCommitLimits
  readonly now: () => number
  readonly owner: TrialOwner<Item>
}

/** Why places of a trial stay held. */
function causeOf(attempt: Attempt): StuckCause {
  if (attempt.kind === 'unknown') return 'silence'
  return attempt.kind === 'answered' ? (attempt.stuck?.cause ?? 'error') : 'error'
}

/** Share of the queue that may be held; above three quarters others are refused (`pressure.ts`). */
const MOST_HELD = 1 / 2

/**
 * Finds the partitions that cannot be written and tries them again, beside the group commit and on
 * a connection of its own: a broker answers the requests of one connection in turn, so a trial that
 * takes 2.5 s would hold up everybody behind it. One call is in flight here, and a partition that
 * is held is never in a call of the group commit (P9).
 */
export class TrialLane<Item extends TriedRecord> {
  readonly #options: TrialLaneOptions<Item>
  readonly #held: HeldPartitions<Item>
  #timer: NodeJS.Timeout | null = null
  #trying = false

  constructor(options: TrialLaneOptions<Item>) {
    this.#options = options
    this.#held = new HeldPartitions(options.limits.backOffMs)
  }

  has({ topic, partition }: OutgoingRecord): boolean {
    return this.#held.has(placeOf(topic, partition))
  }

  /** Whether a record has to wait here, and too much does: it would take the room of the healthy. */
  refuses(record: OutgoingRecord): boolean {
    const { queueRecords, queueBytes } = this.#options.limits
    const most = { records: queueRecords * MOST_HELD, bytes: queueBytes * MOST_HELD }
    return this.has(record) && this.#held.isFull(most)
  }

  /** Holds partitions that are not held yet; their records follow by `add`, in order. */
  hold({ places, cause }: Stuck): void {
    const fresh = [...places].filter((place) => !this.#held.has(place))
    if (fresh.length > 0) this.#held.hold(fresh, this.#options.now(), cause !== 'error')
  }

  /** Puts records behind all others of their partition. */
  add(items: readonly Item[]): void {
    for (const item of items) this.#held.add(item)
    this.#schedule()
  }

  waiting(): Iterable<Item> {
    return this.#held.waiting()
  }

  dropSettled(): void {
    this.#held.drop(({ settled }) => settled)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#trying) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const dueAt = this.#held.dueAt()
    if (dueAt === null) return
    const waitMs = Math.max(0, Math.ceil(dueAt - this.#options.now()))
    this.#timer = setTimeout(() => void this.#tryOne(), waitMs)
  }

  async #tryOne(): Promise<void> {
    const { writer, limits, now } = this.#options
    this.#trying = true
    const probe = this.#held.take(limits.batch, now())
    if (probe !== null) {
      for (const item of probe.items) item.flights += 1
      const attempt = await writer.attempt(probe.items.map(({ record }) => record))
      this.#conclude(probe, attempt)
      this.#held.drop(({ settled }) => settled)
    }
    this.#trying = false
    this.#schedule()
  }

  #conclude(probe: Probe<Item>, attempt: Attempt): void {
    const { now, owner } = this.#options
    const { places, items, failures, silences } = probe
    const [only] = items
    if (attempt.kind === 'refused' && only !== undefined && items.length === 1) {
      // The broker was asked and judged the record, so the partition itself is not in the way.
      owner.attempted(attempt.kind, 1, 1)
      owner.refused(only, attempt)
      this.#release(places)
      return
    }
    const ends = coverage(
      items.map(({ record }) => record),
      attempt.kind === 'answered' ? attempt.partitions : [],
    )
    const failed = places.filter((_place, i) => ends[i] === null)
    owner.attempted(attempt.kind, items.length, failed.length)
    for (const [i, item] of items.entries()) {
      const at = ends[i] ?? null
      if (at !== null) owner.durable(item, at)
    }
    if (silences > 0 && failed.length < places.length) owner.moved()
    this.#release(places.filter((_place, i) => ends[i] !== null))
    if (failed.length === 0) return
    const cause = causeOf(attempt)
    if (cause === 'error') this.#held.failed(failed, failures, now())
    else this.#held.waited(failed, cause === 'absence' ? 0 : silences, now())
  }

  #release(places: readonly string[]): void {
    for (const place of places) {
      const items = this.#held.release(place).filter(({ settled }) => !settled)
      this.#options.owner.released(items)
    }
  }
}
