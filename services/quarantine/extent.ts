/** Where a time lies in a partition. All are offsets. */
export interface ExtentBounds {
  readonly low: bigint
  /** One after the last record. */
  readonly high: bigint
  /** The first record that may be of the time asked for. */
  readonly first: bigint
  /** The first record that is surely newer. */
  readonly after: bigint
}

/** What is to be looked at of one partition. */
export interface Extent {
  readonly partition: number
  readonly from: bigint
  /** Exclusive: no event that is meant lies here or later. */
  readonly to: bigint
  /** Markers of these events may lie up to here. */
  readonly high: bigint
}

/**
 * Processes write with clocks of their own and an event waits for its turn, so times on a topic are
 * not quite in order: that much earlier or later a record may still be of the time asked for.
 */
export const CLOCK_SKEW_MS = 60_000

function within(value: bigint, least: bigint, most: bigint): bigint {
  if (value < least) return least
  return value > most ? most : value
}

export function extentOf(partition: number, { low, high, first, after }: ExtentBounds): Extent {
  const from = within(first, low, high)
  return { partition, from, to: within(after, from, high), high }
}
