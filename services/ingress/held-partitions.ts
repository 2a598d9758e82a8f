import type { BatchLimits, OutgoingRecord } from '#core/commit.ts'
import { batchLength, placeOf } from '#core/commit.ts'

/** A record that waits for its partition's trial. */
export interface HeldRecord {
  readonly record: OutgoingRecord
  /** Bytes. */
  readonly size: number
}

/** Partitions that stand trial together: one of them at least could not be written. */
export interface Trial {
  readonly places: readonly string[]
  readonly dueAt: number
  /** How often it failed alone, so that the fault is its own. */
  readonly failures: number
  /** How often nobody answered for its places, the batch they were held for included. */
  readonly silences: number
  /** Places that go to trial in one call. */
  readonly atOnce: number
}

/** A trial that goes out: the first record of each of its partitions that has one. */
export interface Probe<Item> extends Trial {
  readonly items: readonly Item[]
}

/**
 * Into how many parts a failed trial falls. Eight finds one partition of 168 (14 topics of 12) in
 * three levels, so a healthy record is written a few times only, and three failures that last
 * 2.5 s each (a broker's `REQUEST_TIMED_OUT`) still leave its neighbours time before the deadline.
 */
const PARTS = 8
const LONGEST_BACK_OFF_MS = 1000

/** Places in at most eight equal parts. */
function partsOf(places: readonly string[]): string[][] {
  const length = Math.max(1, Math.ceil(places.length / PARTS))
  const parts: string[][] = []
  for (let i = 0; i < places.length; i += length) parts.push(places.slice(i, i + length))
  return parts
}

/**
 * Partitions that may be the ones that cannot be written, with all that waits for them, in its
 * order. A partition leaves only when an answer proves it: one without records stays, and its next
 * record is tried apart from the others.
 */
export class HeldPartitions<Item extends HeldRecord> {
  readonly #backOffMs: number
  readonly #queues = new Map<string, Item[]>()
  #trials: Trial[] = []
  #silentLast = false
  #records = 0
  #bytes = 0

  constructor(backOffMs: number) {
    this.#backOffMs = backOffMs
  }

  has(place: string): boolean {
    return this.#queues.has(place)
  }

  /** Whether as much is held as may be, be it records or bytes. */
  isFull({ records, bytes }: BatchLimits): boolean {
    return this.#records >= records || this.#bytes >= bytes
  }

  /**
   * Holds partitions of a batch that failed; one that was alone in it waits before its trial.
   *
   * @param isSilence all of them wait for the same broker, so they are tried together
   */
  hold(places: readonly string[], now: number, isSilence = false): void {
    for (const place of places) this.#queues.set(place, [])
    if (isSilence) this.waited(places, 0, now)
    else this.failed(places, 0, now)
  }

  /** Takes a place behind all that is held of its partition, which must be held. */
  add(item: Item): void {
    this.#queues.get(placeOf(item.record.topic, item.record.partition))?.push(item)
    this.#count([item], 1)
  }

  /** When the next trial with records is due; null when there is none. */
  dueAt(): number | null {
    const due = this.#trials.filter((trial) => this.#hasRecords(trial)).map(({ dueAt }) => dueAt)
    return due.length === 0 ? null : Math.min(...due)
  }

  /** Takes the trial that is due: fresh ones, then in turn those met with silence or failing alone. */
  take(limits: BatchLimits, now: number): Probe<Item> | null {
    const due = this.#trials
      .filter((trial) => trial.dueAt <= now && this.#hasRecords(trial))
      .sort((a, b) => this.#turn(a) - this.#turn(b) || a.failures - b.failures || a.dueAt - b.dueAt)
    const [trial] = due
    if (trial === undefined) return null
    this.#silentLast = trial.silences > 0
    this.#trials = this.#trials.filter((other) => other !== trial)
    const ready = trial.places
      .filter((place) => this.#first(place) !== undefined)
      .slice(0, trial.atOnce)
    const items = ready.map((place) => this.#first(place) as Item)
    const length = batchLength(
      items.map(({ size }) => size),
      limits,
    )
    const places = ready.slice(0, length)
    const rest = trial.places.filter((place) => !places.includes(place))
    if (rest.length > 0) this.#trials.push({ ...trial, places: rest })
    return { ...trial, places, items: items.slice(0, length) }
  }

  /** Several fall into parts that are tried at once; one alone is at fault and waits longer each time. */
  failed(places: readonly string[], failures: number, now: number): void {
    const together = { silences: 0, atOnce: places.length }
    if (places.length === 1) {
      const waitMs = Math.min(LONGEST_BACK_OFF_MS, this.#backOffMs * 2 ** Math.min(failures, 10))
      this.#trials.push({ ...together, places, dueAt: now + waitMs, failures: failures + 1 })
      return
    }
    for (const part of partsOf(places)) {
      this.#trials.push({ ...together, places: part, dueAt: now, failures: 0 })
    }
  }

  /**
   * Nobody answered for them. The first time, and for as long as it is known that a broker is absent,
   * they stay together: what waits for it is served by one call as soon as others do without it.
   * Unexplained silence again may be due to one partition that hides the answers for its leader's
   * others, so they go in eighths; what meets silence in a round of eighths is gathered for the
   * next, so a round never takes more than eight such calls.
   *
   * @param silences of the trial that they were in; 0 before the first, and where it is explained
   */
  waited(places: readonly string[], silences: number, now: number): void {
    const gathered = this.#trials.find((trial) => trial.silences === silences + 1)
    this.#trials = this.#trials.filter((trial) => trial !== gathered)
    const all = [...(gathered?.places ?? []), ...places]
    this.#trials.push({
      places: all,
      dueAt: now + this.#backOffMs,
      failures: 0,
      silences: silences + 1,
      atOnce: silences === 0 ? all.length : Math.ceil(all.length / PARTS),
    })
  }

  /** Lets a partition go that was taken for a trial; returns what waits for it, in order. */
  release(place: string): readonly Item[] {
    const queue = this.#queues.get(place) ?? []
    this.#queues.delete(place)
    this.#count(queue, -1)
    return queue
  }

  /** Removes records; their partitions stay. */
  drop(which: (item: Item) => boolean): void {
    for (const [place, queue] of this.#queues) {
      const { gone = [], left = [] } = Object.groupBy(queue, (item) =>
        which(item) ? 'gone' : 'left',
      )
      this.#queues.set(place, left)
      this.#count(gone, -1)
    }
  }

  *waiting(): Iterable<Item> {
    for (const queue of this.#queues.values()) yield* queue
  }

  /** Calls that take seconds each must not keep either kind from its trials. */
  #turn({ failures, silences }: Trial): number {
    if (failures === 0 && silences === 0) return 0
    return silences > 0 === this.#silentLast ? 2 : 1
  }

  #count(items: readonly Item[], sign: 1 | -1): void {
    this.#records += sign * items.length
    this.#bytes += sign * items.reduce((sum, { size }) => sum + size, 0)
  }

  #first(place: string): Item | undefined {
    return this.#queues.get(place)?.[0]
  }

  #hasRecords({ places }: Trial): boolean {
    return places.some((place) => this.#first(place) !== undefined)
  }
}
