import type { BatchLimits } from '#core/commit.ts'

/** Something that waits; its size counts against the limits of a batch. */
export interface Sized {
  /** Bytes. */
  readonly size: number
}

/** All that one tenant has in the queue. */
export interface Line<Item extends Sized> {
  readonly tenant: string
  /** Waiting or in flight, until it is settled. */
  records: number
  bytes: number
  /** What waits for a batch, oldest first, from index `first`. */
  waiting: Item[]
  first: number
  /** Since when it waits for its turn. */
  turnSince: number
  /** Turns to sit out, because of large records. */
  owed: number
}

/**
 * A turn is one record; a larger one costs a further turn for each so many bytes, afterwards. So a
 * tenant with bodies of a megabyte gets no more of the wire than one with bodies of a kilobyte.
 */
export const TURN_BYTES = 16 * 1024
/** Used-up places at the front of an array are cut off when there are so many. */
const COMPACT_AT = 1024

/**
 * The fair queue: a line for each tenant, first in first out, and turns that go round over the
 * lines in which something waits. All costs are constant per record, however many tenants.
 */
export class TenantLines<Item extends Sized> {
  readonly #lines = new Map<string, Line<Item>>()
  /** Lines in which something waits, in the order of their turns, from `#front`. */
  #ring: Line<Item>[] = []
  #front = 0

  /** Tenants that have something in the queue, waiting or in flight. */
  get size(): number {
    return this.#lines.size
  }

  of(tenant: string): Readonly<Line<Item>> | undefined {
    return this.#lines.get(tenant)
  }

  /** Since when the line that is next has waited for its turn; undefined when nothing waits. */
  turnSince(): number | undefined {
    return this.#ring[this.#front]?.turnSince
  }

  /** Takes a place at the end of its tenant's line. */
  join(tenant: string, make: (line: Line<Item>) => Item, now: number): Item {
    const item = this.count(tenant, make)
    const line = this.#lines.get(tenant) as Line<Item>
    if (line.waiting.length === line.first) this.#queue(line, now)
    line.waiting.push(item)
    return item
  }

  /** Counts as its tenant's without a turn: it waits elsewhere. */
  count(tenant: string, make: (line: Line<Item>) => Item): Item {
    const line = this.#lines.get(tenant) ?? this.#open(tenant)
    const item = make(line)
    line.records += 1
    line.bytes += item.size
    return item
  }

  /** Takes places before all that waits in its line, for what waited elsewhere, in its order. */
  rejoin(line: Line<Item>, items: readonly Item[], now: number): void {
    const waiting = line.waiting.slice(line.first)
    if (waiting.length === 0) this.#queue(line, now)
    line.waiting = [...items, ...waiting]
    line.first = 0
  }

  /** What it held is free again; the line goes with its last record. */
  leave(line: Line<Item>, { size }: Item): void {
    line.records -= 1
    line.bytes -= size
    if (line.records === 0) this.#lines.delete(line.tenant)
  }

  /** Takes records turn by turn, as many as fit; with `atLeastOne`, the first one fits always. */
  take({ records, bytes }: BatchLimits, atLeastOne: boolean, now: number): Item[] {
    const taken: Item[] = []
    let left = bytes
    while (taken.length < records) {
      const line = this.#next(now)
      const item = line?.waiting[line.first]
      if (line === undefined || item === undefined) break
      if (item.size > left && !(atLeastOne && taken.length === 0)) break
      left -= item.size
      taken.push(item)
      this.#served(line, item, now)
    }
    this.#compact()
    return taken
  }

  /** Removes and returns what waits and is named, in its tenants' order; it leaves by itself. */
  drop(which: (item: Item) => boolean): Item[] {
    const dropped: Item[] = []
    for (let i = this.#front; i < this.#ring.length; i += 1) {
      const line = this.#ring[i] as Line<Item>
      const kept: Item[] = []
      for (const item of line.waiting.slice(line.first)) (which(item) ? dropped : kept).push(item)
      line.waiting = kept
      line.first = 0
    }
    this.#ring = this.#ring.slice(this.#front).filter(({ waiting }) => waiting.length > 0)
    this.#front = 0
    return dropped
  }

  /** Whatever waits, in no order that matters. */
  *waiting(): Iterable<Item> {
    for (let i = this.#front; i < this.#ring.length; i += 1) {
      const { waiting, first } = this.#ring[i] as Line<Item>
      for (let n = first; n < waiting.length; n += 1) yield waiting[n] as Item
    }
  }

  #open(tenant: string): Line<Item> {
    const line = { tenant, records: 0, bytes: 0, waiting: [], first: 0, turnSince: 0, owed: 0 }
    this.#lines.set(tenant, line)
    return line
  }

  #queue(line: Line<Item>, now: number): void {
    line.turnSince = now
    this.#ring.push(line)
  }

  /** The line whose turn it is; those that owe turns go to the back while others wait. */
  #next(now: number): Line<Item> | undefined {
    let line = this.#ring[this.#front]
    while (line !== undefined && line.owed > 0 && this.#ring.length - this.#front > 1) {
      line.owed -= 1
      this.#front += 1
      this.#queue(line, now)
      line = this.#ring[this.#front]
    }
    return line
  }

  #served(line: Line<Item>, { size }: Item, now: number): void {
    this.#front += 1
    line.first += 1
    line.owed = Math.floor((size - 1) / TURN_BYTES)
    if (line.first < line.waiting.length) {
      if (line.first >= COMPACT_AT) {
        line.waiting = line.waiting.slice(line.first)
        line.first = 0
      }
      this.#queue(line, now)
    } else {
      line.waiting = []
      line.first = 0
    }
  }

  #compact(): void {
    if (this.#front === this.#ring.length) {
      this.#ring = []
      this.#front = 0
    } else if (this.#front >= COMPACT_AT) {
      this.#ring = this.#ring.slice(this.#front)
      this.#front = 0
    }
  }
}
