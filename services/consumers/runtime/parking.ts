import type { FetchedRecord } from '#platform/kafka/fetched-batch.ts'
import type { Transaction } from '#platform/postgres/database.ts'
import type { DomainEvent } from './contract.ts'
import type { Place } from './fence.ts'
import type { Cause } from './handler-failure.ts'
import { storable } from './json-text.ts'

/** An event with the record that carried it. */
export interface QueuedEvent {
  readonly event: DomainEvent
  /** Of its body as signed. */
  readonly digest: bigint
  readonly record: FetchedRecord
}

/** Identity of a tenant within a group. */
export function tenantKey(tenantId: string, liveMode: boolean): string {
  return `${tenantId}\n${liveMode}`
}

/** Locks the rows until the end of the transaction, so that no release runs beside it. */
const PARKED = `
SELECT t.tenant_id, t.live_mode
FROM runtime.parked_tenants t
JOIN unnest($2::text[], $3::boolean[]) AS k (tenant_id, live_mode)
  ON t.tenant_id = k.tenant_id AND t.live_mode = k.live_mode
WHERE t.group_id = $1
ORDER BY t.tenant_id
FOR SHARE OF t`

const PARK = `
INSERT INTO runtime.parked_tenants AS t (group_id, tenant_id, live_mode, fingerprint)
VALUES ($1, $2, $3, $4)
ON CONFLICT (group_id, tenant_id, live_mode) DO UPDATE
SET fingerprint = excluded.fingerprint, attempts = t.attempts + 1, last_attempt_at = now()`

const QUEUE = `
INSERT INTO runtime.parked_events
  (group_id, tenant_id, live_mode, topic, partition, record_offset, event_id, event_type, api_version,
   created, record_key, value, headers)
SELECT $1, e.tenant_id, e.live_mode, $2, $3, e.record_offset, e.event_id, e.event_type, e.api_version,
  e.created, e.record_key, e.value, e.headers::jsonb
FROM unnest($4::text[], $5::boolean[], $6::bigint[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::bytea[], $12::bytea[], $13::text[])
  AS e (tenant_id, live_mode, record_offset, event_id, event_type, api_version, created,
    record_key, value, headers)
ON CONFLICT DO NOTHING`

const CAUSE = `
INSERT INTO runtime.causes AS c (group_id, fingerprint, error_class, place, event_type, api_version)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (group_id, fingerprint) DO UPDATE SET last_seen = now()`

/** Which of these tenants are parked in the group. */
export async function parkedAmong(
  transaction: Transaction,
  groupId: string,
  events: readonly DomainEvent[],
): Promise<Set<string>> {
  const tenants = new Map(events.map((event) => [tenantKey(event.tenantId, event.liveMode), event]))
  const keys = [...tenants.values()]
  const values = [
    groupId,
    keys.map(({ tenantId }) => tenantId),
    keys.map(({ liveMode }) => liveMode),
  ]
  const rows = await transaction.query({ name: 'parked_among', text: PARKED, values })
  return new Set(rows.map((row) => tenantKey(String(row.tenant_id), row.live_mode === true)))
}

/** Keeps a cause, or that it was seen again. */
export async function keepCause(
  transaction: Transaction,
  groupId: string,
  cause: Cause,
): Promise<void> {
  const { fingerprint, errorClass, place, eventType, apiVersion } = cause
  const values = [groupId, fingerprint, errorClass, place, eventType, apiVersion]
  await transaction.query({ name: 'cause_keep', text: CAUSE, values })
}

/** The tenant waits from now on, because of this cause, which is kept apart. */
export async function parkTenant(
  transaction: Transaction,
  groupId: string,
  { tenantId, liveMode }: { readonly tenantId: string; readonly liveMode: boolean },
  cause: Cause,
): Promise<void> {
  const values = [groupId, tenantId, liveMode, cause.fingerprint]
  await transaction.query({ name: 'tenant_park', text: PARK, values })
}

/** Puts events at the end of their tenants' queues. */
export async function queueEvents(
  transaction: Transaction,
  { groupId, topic, partition }: Place,
  queued: readonly QueuedEvent[],
): Promise<void> {
  if (queued.length === 0) return
  const values = [
    groupId,
    topic,
    partition,
    queued.map(({ event }) => event.tenantId),
    queued.map(({ event }) => event.liveMode),
    queued.map(({ record }) => record.offset),
    queued.map(({ event }) => event.id),
    queued.map(({ event }) => event.type),
    queued.map(({ event }) => event.apiVersion),
    queued.map(({ event }) => new Date(event.createdMs).toISOString()),
    queued.map(({ record }) => record.key),
    queued.map(({ record }) => record.value ?? Buffer.alloc(0)),
    queued.map(({ record }) => storable(JSON.stringify(record.headers))),
  ]
  await transaction.query({ name: 'events_queue', text: QUEUE, values })
}
