import type { Transaction } from '#platform/postgres/database.ts'
import type { DomainEvent } from './contract.ts'
import type { Place } from './fence.ts'

/** What an event came to, as the inbox keeps it. */
export type InboxOutcome =
  | 'applied'
  | 'stale'
  | 'history_only'
  | 'set_aside'
  /** Waits in its tenant's queue. */
  | 'parked'
  /** An operator took it out of the queue. */
  | 'skipped'

export interface InboxEntry {
  readonly event: DomainEvent
  /** Of the body, `bodyDigest`. */
  readonly digest: bigint
  readonly offset: bigint
  readonly outcome: InboxOutcome
  /** The tables touched, separated by commas; empty for none. */
  readonly effect: string
}

const ENTER = `
INSERT INTO runtime.inbox
  (group_id, tenant_id, live_mode, event_id, created_on, outcome, effect, topic, partition, record_offset,
   body_digest)
SELECT $1, e.tenant_id, e.live_mode, e.event_id, e.created_on, e.outcome, e.effect, $2, $3, e.record_offset,
  e.body_digest
FROM unnest($4::text[], $5::boolean[], $6::text[], $7::date[], $8::text[], $9::text[], $10::bigint[],
    $11::bigint[])
  AS e (tenant_id, live_mode, event_id, created_on, outcome, effect, record_offset, body_digest)
ON CONFLICT DO NOTHING
RETURNING record_offset`

const CHANGE_OUTCOME = `
UPDATE runtime.inbox i SET outcome = $6, effect = e.effect
FROM unnest($2::text[], $3::boolean[], $4::text[], $5::date[], $7::text[])
  AS e (tenant_id, live_mode, event_id, created_on, effect)
WHERE i.group_id = $1 AND i.tenant_id = e.tenant_id AND i.live_mode = e.live_mode
  AND i.event_id = e.event_id AND i.created_on = e.created_on`

/** The UTC day of `created`, which all copies of an event share. */
function createdOn(event: DomainEvent): string {
  return new Date(event.createdMs).toISOString().slice(0, 10)
}

/** Columns that name events in the inbox: tenant, mode, id, day of `created`. */
export function identities(events: readonly DomainEvent[]) {
  return [
    events.map(({ tenantId }) => tenantId),
    events.map(({ liveMode }) => liveMode),
    events.map(({ id }) => id),
    events.map(createdOn),
  ] as const
}

/**
 * Enters events into the inbox, also when one of them stands there twice in the batch.
 *
 * @returns the offsets of those that were not there yet; the others had their effect before.
 */
export async function enterInbox(
  transaction: Transaction,
  { groupId, topic, partition }: Place,
  entries: readonly InboxEntry[],
): Promise<ReadonlySet<bigint>> {
  const rows = await transaction.query({
    name: 'inbox_enter',
    text: ENTER,
    values: [
      groupId,
      topic,
      partition,
      ...identities(entries.map(({ event }) => event)),
      entries.map(({ outcome }) => outcome),
      entries.map(({ effect }) => effect),
      entries.map(({ offset }) => offset),
      entries.map(({ digest }) => digest),
    ],
  })
  return new Set(rows.map((row) => row.record_offset as bigint))
}

/** Corrects what the inbox says of events that are in it. */
export async function changeOutcome(
  transaction: Transaction,
  { groupId }: Pick<Place, 'groupId'>,
  entries: readonly Pick<InboxEntry, 'event' | 'effect'>[],
  outcome: InboxOutcome,
): Promise<void> {
  const values = [
    groupId,
    ...identities(entries.map(({ event }) => event)),
    outcome,
    entries.map(({ effect }) => effect),
  ]
  await transaction.query({ name: 'inbox_outcome', text: CHANGE_OUTCOME, values })
}
