import type { Row, SqlParameter, Transaction } from '#platform/postgres/database.ts'

/** Everything that has one cause in one group. */
export interface CauseSummary {
  readonly groupId: string
  readonly fingerprint: string
  readonly errorClass: string
  readonly place: string
  readonly eventType: string
  readonly apiVersion: string
  readonly firstSeen: Date
  readonly lastSeen: Date
  /** Tenants that are parked because of it. */
  readonly tenants: number
  /** Events in their queues, the failed ones included. */
  readonly waiting: number
  /** Events that were set aside because of it. */
  readonly setAside: number
}

/** A tenant that is parked. */
export interface ParkedTenant {
  readonly groupId: string
  readonly tenantId: string
  readonly liveMode: boolean
  readonly fingerprint: string
  readonly parkedAt: Date
  readonly attempts: number
  readonly lastAttemptAt: Date
  readonly waiting: number
  readonly headEventId: string
  readonly headEventType: string
}

/** A record that was set aside because of a cause. */
export interface AsideEntry {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly fingerprint: string
  readonly eventId: string | null
}

/** Which dead letters are meant; nothing given means all. */
export interface DeadLetterFilter {
  readonly groupId?: string
  readonly tenantId?: string
  /** The beginning of a fingerprint is enough. */
  readonly cause?: string
}

function filterValues({ groupId, tenantId, cause }: DeadLetterFilter): SqlParameter[] {
  return [groupId ?? null, tenantId ?? null, cause ?? null]
}

const CAUSES = `
SELECT c.*,
  coalesce(p.tenants, 0) AS tenants, coalesce(p.waiting, 0) AS waiting, coalesce(s.n, 0) AS aside
FROM runtime.causes c
LEFT JOIN (
  SELECT t.group_id, t.fingerprint, count(DISTINCT (t.tenant_id, t.live_mode)) AS tenants,
    count(*) AS waiting
  FROM runtime.parked_tenants t JOIN runtime.parked_events e USING (group_id, tenant_id, live_mode)
  WHERE $2::text IS NULL OR t.tenant_id = $2
  GROUP BY t.group_id, t.fingerprint) p USING (group_id, fingerprint)
LEFT JOIN (
  SELECT group_id, fingerprint, count(*) AS n FROM runtime.set_aside
  WHERE fingerprint IS NOT NULL AND released_at IS NULL AND ($2::text IS NULL OR tenant_key = $2)
  GROUP BY group_id, fingerprint) s USING (group_id, fingerprint)
WHERE (p.tenants IS NOT NULL OR s.n IS NOT NULL)
  AND ($1::text IS NULL OR c.group_id = $1) AND ($3::text IS NULL OR starts_with(c.fingerprint, $3))
ORDER BY coalesce(p.waiting, 0) + coalesce(s.n, 0) DESC, c.first_seen, c.fingerprint`

const TENANTS = `
SELECT t.*, q.waiting, h.event_id, h.event_type
FROM runtime.parked_tenants t
CROSS JOIN LATERAL (
  SELECT count(*) AS waiting FROM runtime.parked_events e
  WHERE e.group_id = t.group_id AND e.tenant_id = t.tenant_id AND e.live_mode = t.live_mode) q
LEFT JOIN LATERAL (
  SELECT e.event_id, e.event_type FROM runtime.parked_events e
  WHERE e.group_id = t.group_id AND e.tenant_id = t.tenant_id AND e.live_mode = t.live_mode
  ORDER BY e.record_offset LIMIT 1) h ON true
WHERE ($1::text IS NULL OR t.group_id = $1) AND ($2::text IS NULL OR t.tenant_id = $2)
  AND ($3::text IS NULL OR starts_with(t.fingerprint, $3))
ORDER BY t.parked_at, t.tenant_id, t.group_id`

const ASIDE = `
SELECT group_id, topic, partition, record_offset, fingerprint, event_id FROM runtime.set_aside
WHERE fingerprint IS NOT NULL AND released_at IS NULL
  AND ($1::text IS NULL OR group_id = $1) AND ($2::text IS NULL OR tenant_key = $2)
  AND ($3::text IS NULL OR starts_with(fingerprint, $3))
ORDER BY group_id, topic, partition, record_offset`

function causeOfRow(row: Row): CauseSummary {
  return {
    groupId: String(row.group_id),
    fingerprint: String(row.fingerprint),
    errorClass: String(row.error_class),
    place: String(row.place),
    eventType: String(row.event_type),
    apiVersion: String(row.api_version),
    firstSeen: row.first_seen as Date,
    lastSeen: row.last_seen as Date,
    tenants: Number(row.tenants),
    waiting: Number(row.waiting),
    setAside: Number(row.aside),
  }
}

function tenantOfRow(row: Row): ParkedTenant {
  return {
    groupId: String(row.group_id),
    tenantId: String(row.tenant_id),
    liveMode: row.live_mode === true,
    fingerprint: String(row.fingerprint),
    parkedAt: row.parked_at as Date,
    attempts: Number(row.attempts),
    lastAttemptAt: row.last_attempt_at as Date,
    waiting: Number(row.waiting),
    headEventId: String(row.event_id ?? ''),
    headEventType: String(row.event_type ?? ''),
  }
}

/** Dead letters by cause, those with most victims first. */
export async function causeSummaries(
  connection: Transaction,
  filter: DeadLetterFilter,
): Promise<readonly CauseSummary[]> {
  const rows = await connection.query({ text: CAUSES, values: filterValues(filter) })
  return rows.map(causeOfRow)
}

/** Parked tenants, those that wait longest first. */
export async function parkedTenants(
  connection: Transaction,
  filter: DeadLetterFilter,
): Promise<readonly ParkedTenant[]> {
  const rows = await connection.query({ text: TENANTS, values: filterValues(filter) })
  return rows.map(tenantOfRow)
}

/** What was set aside because of a cause and not released since, in the order of the topics. */
export async function asideEntries(
  connection: Transaction,
  filter: DeadLetterFilter,
): Promise<readonly AsideEntry[]> {
  const rows = await connection.query({ text: ASIDE, values: filterValues(filter) })
  return rows.map((row) => ({
    groupId: String(row.group_id),
    topic: String(row.topic),
    partition: Number(row.partition),
    offset: row.record_offset as bigint,
    fingerprint: String(row.fingerprint),
    eventId: row.event_id === null ? null : String(row.event_id),
  }))
}
