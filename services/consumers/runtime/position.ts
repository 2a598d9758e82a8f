/** Where a fetched batch stands against what the database says is done. */
export interface Position {
  /** Everything below is done, says the database. */
  readonly nextOffset: bigint
  /** What was asked for; nothing lies between it and the first record. */
  readonly fetchedOffset: bigint
  /** One after the last record that can be read. */
  readonly highWatermark: bigint
}

/**
 * `handle`: no record was passed over. What lies below `nextOffset` is handled too, since the
 * inbox knows what was done, while an offset says nothing about a topic that was made anew.
 * `reset`: the database is ahead of the whole log, so the topic was made anew (or cut).
 * `ahead`: records between `nextOffset` and the batch may exist; only the low watermark can tell.
 */
export type PositionVerdict = 'handle' | 'reset' | 'ahead'

export function positionVerdict(position: Position): PositionVerdict {
  if (position.nextOffset > position.highWatermark) return 'reset'
  return position.fetchedOffset > position.nextOffset ? 'ahead' : 'handle'
}

/**
 * What to do with a batch that is ahead of the database. Records that the log no longer holds are
 * gone (`lost`: retention overtook this group), everything else must be read first.
 */
export type AheadVerdict =
  | { readonly kind: 'seek'; readonly to: bigint }
  | { readonly kind: 'handle'; readonly lost: bigint }

export function aheadVerdict(position: Position, lowWatermark: bigint): AheadVerdict {
  const { nextOffset, fetchedOffset } = position
  const readable = lowWatermark > nextOffset ? lowWatermark : nextOffset
  if (readable < fetchedOffset) return { kind: 'seek', to: readable }
  return { kind: 'handle', lost: fetchedOffset - nextOffset }
}

/** The next offset after a batch; never goes back, unless the topic was made anew. */
export function nextAfter(position: Position, lastOffset: bigint): bigint {
  const after = lastOffset + 1n
  if (positionVerdict(position) === 'reset') return after
  return after > position.nextOffset ? after : position.nextOffset
}
