import type { StretchEnd } from '#platform/kafka/log-stretch.ts'
import type { SetAsideEvent } from './entry.ts'
import type { Extent } from './extent.ts'
import type { QuarantineFilter } from './filter.ts'
import { isMeant } from './filter.ts'
import { OffsetSet } from './offset-set.ts'
import type { QuarantineLog } from './quarantine-log.ts'

export const ENTRY_STATES = ['waiting', 'released', 'all'] as const
export type EntryState = (typeof ENTRY_STATES)[number]

/** Of one partition: the events that are meant, by what became of them. */
interface PartitionInventory {
  readonly extent: Extent
  readonly offsets: Readonly<Record<EntryState, OffsetSet>>
}

export interface Inventory {
  readonly partitions: readonly PartitionInventory[]
  /** How many events. */
  readonly counts: Readonly<Record<EntryState, number>>
}

/** Called with how many records were read, of how many. */
export type ReadProgress = (read: number, total: number) => void

export interface InventoryReading {
  readonly log: QuarantineLog
  readonly extents: readonly Extent[]
  readonly filter: QuarantineFilter
  readonly stopped: AbortSignal
  readonly onProgress: ReadProgress
}

/** What is read of a partition the second time. */
export interface ChosenEvents {
  readonly log: QuarantineLog
  readonly inventory: Inventory
  readonly state: EntryState
  /** Only so many of each partition, the newest; all when missing. */
  readonly newest?: number
  /** When markers are wanted too; each comes after its event. */
  readonly onMarker?: (partition: number, of: bigint, to: string) => void
  readonly stopped: AbortSignal
  readonly onProgress: ReadProgress
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function isMarked(set: OffsetSet, offset: bigint, state: EntryState): boolean {
  return state === 'all' || set.has(offset) === (state === 'released')
}

/** A marker lies after its event, so what waits is known only at the end of the partition. */
class Count {
  readonly extent: Extent
  readonly meant: OffsetSet
  readonly marked: OffsetSet

  constructor(extent: Extent) {
    this.extent = extent
    this.meant = new OffsetSet(extent.from, extent.to)
    this.marked = new OffsetSet(extent.from, extent.to)
  }

  inventory(): PartitionInventory {
    const { extent, meant } = this
    const offsets = { waiting: this.#of('waiting'), released: this.#of('released'), all: meant }
    return { extent, offsets }
  }

  #of(state: EntryState): OffsetSet {
    const found = new OffsetSet(this.extent.from, this.extent.to)
    for (const offset of this.meant) if (isMarked(this.marked, offset, state)) found.add(offset)
    return found
  }
}

/**
 * Reads once through the topic and tells what waits. It keeps some bits an offset and no event, so
 * whoever wants the events reads them again, and only them.
 *
 * @returns the inventory, whole when the end is `read`
 */
export async function takeInventory(
  reading: InventoryReading,
): Promise<{ readonly end: StretchEnd; readonly inventory: Inventory }> {
  const { log, extents, filter, stopped, onProgress } = reading
  const looked = extents.filter(({ from, to }) => from < to)
  const counts = new Map(looked.map((extent) => [extent.partition, new Count(extent)]))
  const total = sum(looked.map(({ from, high }) => Number(high - from)))
  let read = 0
  const stretches = looked.map(({ partition, from, high }) => ({ partition, from, to: high }))
  const end = await log.read(stretches, stopped, (partition, entries) => {
    const count = counts.get(partition)
    for (const { offset, entry } of entries) {
      if (entry.kind === 'marker') count?.marked.add(entry.of)
      else if (entry.kind === 'set_aside' && isMeant(filter, entry)) count?.meant.add(offset)
    }
    read += entries.length
    onProgress(read, total)
  })
  const partitions = [...counts.values()].map((count) => count.inventory())
  const countOf = (state: EntryState) => sum(partitions.map((one) => one.offsets[state].size))
  const byState = {
    waiting: countOf('waiting'),
    released: countOf('released'),
    all: countOf('all'),
  }
  return { end, inventory: { partitions, counts: byState } }
}

function stretchesOf({ inventory, state, newest, onMarker }: ChosenEvents) {
  return inventory.partitions.flatMap(({ extent, offsets }) => {
    const chosen = offsets[state]
    const from = chosen.firstOfLast(newest ?? chosen.size)
    const last = chosen.last()
    if (from === null || last === null) return []
    return [{ partition: extent.partition, from, to: onMarker ? extent.high : last + 1n }]
  })
}

/**
 * Reads the events that are meant and in this state, in order of a partition, one call at a time.
 *
 * @returns how it ended; a rejection of `onEvents` is such an end
 */
export async function readChosen(
  chosen: ChosenEvents,
  onEvents: (events: readonly SetAsideEvent[]) => void | Promise<void>,
): Promise<StretchEnd> {
  const { log, inventory, state, onMarker, stopped, onProgress } = chosen
  const sets = new Map(
    inventory.partitions.map(({ extent, offsets }) => [extent.partition, offsets[state]]),
  )
  const stretches = stretchesOf(chosen)
  const total = sum(stretches.map(({ from, to }) => Number(to - from)))
  let read = 0
  return await log.read(stretches, stopped, async (partition, entries) => {
    const events = entries.flatMap(({ offset, entry }) => {
      const isChosen = entry.kind === 'set_aside' && sets.get(partition)?.has(offset) === true
      return isChosen ? [entry] : []
    })
    if (events.length > 0) await onEvents(events)
    for (const { entry } of entries) {
      if (entry.kind === 'marker') onMarker?.(partition, entry.of, entry.to)
    }
    read += entries.length
    onProgress(read, total)
  })
}
