import type { Transaction } from '#platform/postgres/database.ts'
import type { Place } from './fence.ts'
import { identities } from './inbox.ts'
import type { QueuedEvent } from './parking.ts'
import type { PlannedEvent } from './plan.ts'
import type { SetAside } from './set-aside.ts'

/** A copy of an event that the inbox has. */
type Copy = Pick<QueuedEvent, 'event' | 'digest' | 'record'>

const DIFFERENT = `
SELECT e.record_offset FROM runtime.inbox i
JOIN unnest($2::text[], $3::boolean[], $4::text[], $5::date[], $6::bigint[], $7::bigint[])
    AS e (tenant_id, live_mode, event_id, created_on, body_digest, record_offset)
  ON i.tenant_id = e.tenant_id AND i.live_mode = e.live_mode
  AND i.event_id = e.event_id AND i.created_on = e.created_on
WHERE i.group_id = $1 AND i.body_digest <> e.body_digest`

export function copyOf({ reading, record }: PlannedEvent): Copy {
  return { event: reading.event, digest: reading.digest, record }
}

/**
 * Copies whose body is not the one that the inbox knows under their id: they are set aside, since
 * the sender never changes an event.
 */
export async function conflicting(
  transaction: Transaction,
  { groupId }: Place,
  copies: readonly Copy[],
): Promise<readonly SetAside[]> {
  if (copies.length === 0) return []
  const values = [
    groupId,
    ...identities(copies.map(({ event }) => event)),
    copies.map(({ digest }) => digest),
    copies.map(({ record }) => record.offset),
  ]
  const rows = await transaction.query({ name: 'inbox_conflicts', text: DIFFERENT, values })
  const offsets = new Set(rows.map((row) => row.record_offset as bigint))
  return copies
    .filter(({ record }) => offsets.has(record.offset))
    .map(({ event, record }) => {
      const known = { sqlState: null, cause: null }
      return { record, reason: 'id_conflict', eventId: event.id, ...known }
    })
}
