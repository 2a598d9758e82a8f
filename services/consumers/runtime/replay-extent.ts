/** A partition, and where the time asked for lies in it. All are offsets. */
export interface ReplayBounds {
  readonly low: bigint
  /** One after the last record. */
  readonly high: bigint
  /** Everything below is done by the group. */
  readonly next: bigint
  /** The first record that is not older than the time asked for. */
  readonly first: bigint
  /** The first record that is surely newer. */
  readonly after: bigint
}

export interface ReplayExtent {
  readonly from: bigint
  /** Exclusive. */
  readonly to: bigint
  /** Records of that time, of any tenant, that the group has not come to. */
  readonly ahead: bigint
  /** Records of that time may have been removed already (retention). */
  readonly isCut: boolean
}

function within(value: bigint, least: bigint, most: bigint): bigint {
  if (value < least) return least
  return value > most ? most : value
}

/**
 * What a replay reads: the time asked for, up to where the group stands. What it has not come to
 * yet it will handle itself, and a tenant's later events must not overtake its earlier ones.
 */
export function replayExtent({ low, high, next, first, after }: ReplayBounds): ReplayExtent {
  // Beyond the end: the topic was made anew, and nothing of it is handled.
  const reached = next > high ? low : within(next, low, high)
  const from = within(first, low, high)
  const end = within(after, from, high)
  const to = within(reached, from, end)
  return { from, to, ahead: end - to, isCut: low > 0n && first <= low }
}
