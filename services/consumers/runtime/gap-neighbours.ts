import type { HandledDomain } from '#core/routing.ts'
import type { Row, Transaction } from '#platform/postgres/database.ts'
import type { DomainEvent } from './contract.ts'
import type { PlannedEvent } from './plan.ts'
import { isNewer, resourceKey } from './projection.ts'

/** An event as far as it shows one resource. */
export interface Sighting {
  readonly tenantId: string
  readonly liveMode: boolean
  readonly resource: string
  /** Where it lies under `data`. */
  readonly key: string
  readonly resourceId: string
  readonly eventId: string
  readonly eventType: string
  readonly createdMs: number
  readonly apiVersion: string
  /** The resource as JSON text. */
  readonly snapshot: string
  /** JSON text of `previous_attributes`; null unless the event is an update. */
  readonly previous: string | null
}

/** An update and the event before it, with nothing of the resource between them in the history. */
export interface Neighbours {
  readonly update: Sighting
  readonly before: Sighting
  /** Whether the update was there first, so that it was judged by something else until now. */
  readonly updateWasHeld: boolean
}

/** Events that are in the history since this transaction. */
export interface NewEvents {
  readonly events: readonly PlannedEvent[]
  /** Those that came later than a newer one of their resource; only they stand before others. */
  readonly stale: ReadonlySet<DomainEvent>
}

/** A new event between its nearest new neighbours of the same resource. */
interface Candidate {
  readonly sighting: Sighting
  readonly previousNew: Sighting | null
  readonly nextNew: Sighting | null
  readonly isStale: boolean
}

const UPDATE = '.updated'

/** What a new event shows; null for what happens once and for what has no resource. */
function sightingOf({ reading, states }: PlannedEvent): Sighting | null {
  const [state] = states
  if (state === undefined || state.projection.idOfEvent !== undefined) return null
  const { event, body } = reading
  return {
    tenantId: event.tenantId,
    liveMode: event.liveMode,
    resource: state.projection.resource,
    key: state.projection.key ?? state.projection.resource,
    resourceId: state.resourceId,
    eventId: event.id,
    eventType: event.type,
    createdMs: event.createdMs,
    apiVersion: event.apiVersion,
    snapshot: state.snapshot,
    previous: event.type.endsWith(UPDATE) ? body.previousAttributes : null,
  }
}

function inOrder(a: Sighting, b: Sighting): number {
  return isNewer(a, b) ? 1 : -1
}

function candidates({ events, stale }: NewEvents): readonly Candidate[] {
  const late = new Set([...stale].map(({ tenantId, id }) => `${tenantId}\n${id}`))
  const byResource = new Map<string, Sighting[]>()
  for (const planned of events) {
    const sighting = sightingOf(planned)
    if (sighting === null) continue
    const { tenantId, liveMode, resource, resourceId } = sighting
    const key = `${resource}\n${resourceKey(tenantId, liveMode, resourceId)}`
    const own = byResource.get(key)
    if (own === undefined) byResource.set(key, [sighting])
    else own.push(sighting)
  }
  return [...byResource.values()].flatMap((own) => {
    const sorted = own.sort(inOrder)
    return sorted.map((sighting, i) => ({
      sighting,
      previousNew: sorted[i - 1] ?? null,
      nextNew: sorted[i + 1] ?? null,
      isStale: late.has(`${sighting.tenantId}\n${sighting.eventId}`),
    }))
  })
}

/** Only what lies closer than the nearest new event is asked for; that one we have in hand. */
function neighboursText(domain: HandledDomain): string {
  const one = `
  SELECT h.event_id, h.event_type, h.created, h.api_version, h.data, h.previous_attributes
  FROM ${domain}.history h
  WHERE h.tenant_id = n.tenant_id AND h.live_mode = n.live_mode AND h.resource_id = n.resource_id
    AND h.resource = n.resource`
  return `
WITH n AS (
  SELECT * FROM unnest($1::text[], $2::boolean[], $3::text[], $4::text[], $5::timestamptz[], $6::text[],
      $7::boolean[], $8::timestamptz[], $9::text[], $10::timestamptz[], $11::text[], $12::text[],
      $13::boolean[])
    WITH ORDINALITY AS n (tenant_id, live_mode, resource, resource_id, created, event_id,
      is_update, lower_created, lower_id, upper_created, upper_id, data_key, is_stale, nth))
SELECT n.nth, true AS is_before, h.event_id, h.event_type, h.created, h.api_version,
  (h.data -> n.data_key)::text AS snapshot, NULL AS previous
FROM n CROSS JOIN LATERAL (${one}
    AND (h.created, h.event_id) < (n.created, n.event_id)
    AND (h.created, h.event_id) > (n.lower_created, n.lower_id)
  ORDER BY h.created DESC, h.event_id DESC LIMIT 1) h
WHERE n.is_update
UNION ALL
SELECT n.nth, false, h.event_id, h.event_type, h.created, h.api_version,
  (h.data -> n.data_key)::text, h.previous_attributes::text
FROM n CROSS JOIN LATERAL (${one}
    AND (h.created, h.event_id) > (n.created, n.event_id)
    AND (h.created, h.event_id) < (n.upper_created, n.upper_id)
  ORDER BY h.created, h.event_id LIMIT 1) h
WHERE n.is_stale AND h.event_type LIKE '%${UPDATE}' AND h.previous_attributes IS NOT NULL`
}

function instant({ createdMs }: Sighting): string {
  return new Date(createdMs).toISOString()
}

function valuesOf(all: readonly Candidate[]) {
  return [
    all.map(({ sighting }) => sighting.tenantId),
    all.map(({ sighting }) => sighting.liveMode),
    all.map(({ sighting }) => sighting.resource),
    all.map(({ sighting }) => sighting.resourceId),
    all.map(({ sighting }) => instant(sighting)),
    all.map(({ sighting }) => sighting.eventId),
    all.map(({ sighting }) => sighting.previous !== null),
    all.map(({ previousNew }) => (previousNew === null ? '-infinity' : instant(previousNew))),
    all.map(({ previousNew }) => previousNew?.eventId ?? ''),
    all.map(({ nextNew }) => (nextNew === null ? 'infinity' : instant(nextNew))),
    all.map(({ nextNew }) => nextNew?.eventId ?? ''),
    all.map(({ sighting }) => sighting.key),
    all.map(({ isStale }) => isStale),
  ]
}

function held(sighting: Sighting, row: Row): Sighting {
  return {
    ...sighting,
    eventId: row.event_id as string,
    eventType: row.event_type as string,
    createdMs: (row.created as Date).getTime(),
    apiVersion: row.api_version as string,
    snapshot: (row.snapshot as string | null) ?? '{}',
    previous: row.previous as string | null,
  }
}

/**
 * The pairs of neighbours in a resource's order that new events make: each new update with what is
 * before it, and each new event with the update right after it that was there first. To be asked
 * when the events are in the history.
 */
export async function newNeighbours(
  transaction: Transaction,
  domain: HandledDomain,
  news: NewEvents,
): Promise<readonly Neighbours[]> {
  const all = candidates(news).filter(
    ({ sighting, isStale }) => isStale || sighting.previous !== null,
  )
  if (all.length === 0) return []
  const rows = await transaction.query({
    name: `${domain}_gap_neighbours`,
    text: neighboursText(domain),
    values: valuesOf(all),
  })
  const before = new Map<number, Row>()
  const after = new Map<number, Row>()
  for (const row of rows) (row.is_before === true ? before : after).set(Number(row.nth) - 1, row)
  return all.flatMap(({ sighting, previousNew }, i): Neighbours[] => {
    const rowBefore = before.get(i)
    const rowAfter = after.get(i)
    const earlier = rowBefore === undefined ? previousNew : held(sighting, rowBefore)
    const own =
      sighting.previous === null || earlier === null
        ? []
        : [{ update: sighting, before: earlier, updateWasHeld: false }]
    if (rowAfter === undefined) return own
    return [...own, { update: held(sighting, rowAfter), before: sighting, updateWasHeld: true }]
  })
}
