import type { Transaction } from '#platform/postgres/database.ts'

/** One partition as one group reads it. */
export interface Place {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
}

/** The right to write for a partition, until somebody else claims it. */
export interface Claim {
  readonly epoch: bigint
  /** Everything below is done. */
  readonly nextOffset: bigint
}

const CLAIM = `
INSERT INTO runtime.consumer_offsets AS o (group_id, topic, partition, epoch, next_offset)
VALUES ($1, $2, $3, 1, 0)
ON CONFLICT (group_id, topic, partition)
DO UPDATE SET epoch = o.epoch + 1, updated_at = now()
RETURNING epoch, next_offset`

const LOCK = `
SELECT epoch FROM runtime.consumer_offsets
WHERE group_id = $1 AND topic = $2 AND partition = $3
FOR UPDATE`

const ADVANCE = `
UPDATE runtime.consumer_offsets SET next_offset = $4, updated_at = now()
WHERE group_id = $1 AND topic = $2 AND partition = $3`

function keyOf({ groupId, topic, partition }: Place) {
  return [groupId, topic, partition] as const
}

/** Takes the partition: whoever held it before writes nothing any more. */
export async function claimPlace(transaction: Transaction, place: Place): Promise<Claim> {
  const values = keyOf(place)
  const [row] = await transaction.query({ name: 'fence_claim', text: CLAIM, values })
  return { epoch: row?.epoch as bigint, nextOffset: row?.next_offset as bigint }
}

/** Locks the partition's row until the end of the transaction; false when the claim is void. */
export async function holdsPlace(
  transaction: Transaction,
  place: Place,
  claim: Claim,
): Promise<boolean> {
  const values = keyOf(place)
  const [row] = await transaction.query({ name: 'fence_lock', text: LOCK, values })
  return row?.epoch === claim.epoch
}

/** Everything below `nextOffset` is done, as soon as the transaction commits. */
export async function advancePlace(
  transaction: Transaction,
  place: Place,
  nextOffset: bigint,
): Promise<void> {
  const values = [...keyOf(place), nextOffset]
  await transaction.query({ name: 'fence_advance', text: ADVANCE, values })
}
