import type { HandledDomain } from '#core/routing.ts'
import type { Transaction } from '#platform/postgres/database.ts'
import type { Place } from './fence.ts'
import type { Difference } from './gap-comparison.ts'
import type { Neighbours, Sighting } from './gap-neighbours.ts'

/** Neighbours between which something is missing. */
export interface Gap extends Neighbours {
  readonly contradicted: readonly Difference[]
  readonly silent: readonly Difference[]
}

// A gap that is open keeps the time at which it was found, one that opens again begins anew.
const OPEN = `
INSERT INTO runtime.gaps AS g
  (group_id, domain, tenant_id, live_mode, resource, resource_id, event_id, event_type, before_event_id,
   contradicted, silent, expected, found, window_from, window_to)
SELECT $1, $2, s.tenant_id, s.live_mode, s.resource, s.resource_id, s.event_id, s.event_type, s.before_event_id,
  ARRAY(SELECT jsonb_array_elements_text(s.contradicted::jsonb)),
  ARRAY(SELECT jsonb_array_elements_text(s.silent::jsonb)),
  s.expected::jsonb, s.found::jsonb, s.window_from, s.window_to
FROM unnest($3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[])
  AS s (tenant_id, live_mode, resource, resource_id, event_id, event_type, before_event_id,
    contradicted, silent, expected, found, window_from, window_to)
ON CONFLICT (group_id, tenant_id, live_mode, domain, event_id) DO UPDATE SET
  before_event_id = excluded.before_event_id, contradicted = excluded.contradicted,
  silent = excluded.silent, expected = excluded.expected, found = excluded.found,
  window_from = excluded.window_from, closed_at = NULL, closed_by = NULL,
  found_at = CASE WHEN g.closed_at IS NULL THEN g.found_at ELSE now() END
RETURNING g.found_at = now() AS is_new`

const CLOSE = `
UPDATE runtime.gaps g SET closed_at = now(), closed_by = c.closed_by
FROM unnest($3::text[], $4::boolean[], $5::text[], $6::text[])
  AS c (tenant_id, live_mode, event_id, closed_by)
WHERE g.group_id = $1 AND g.domain = $2 AND g.tenant_id = c.tenant_id AND g.live_mode = c.live_mode
  AND g.event_id = c.event_id AND g.closed_at IS NULL
RETURNING 1 AS one`

function instant({ createdMs }: Sighting): string {
  return new Date(createdMs).toISOString()
}

function pathsText(differences: readonly Difference[]): string {
  return JSON.stringify(differences.map(({ path }) => path))
}

function valuesText({ contradicted, silent }: Gap, side: 'expected' | 'found'): string {
  const all = [...contradicted, ...silent]
  return JSON.stringify(Object.fromEntries(all.map((one) => [one.path, one[side]])))
}

/** @returns how many are open that were not */
export async function openGaps(
  transaction: Transaction,
  { groupId }: Place,
  domain: HandledDomain,
  gaps: readonly Gap[],
): Promise<number> {
  if (gaps.length === 0) return 0
  const rows = await transaction.query({
    name: 'gaps_open',
    text: OPEN,
    values: [
      groupId,
      domain,
      gaps.map(({ update }) => update.tenantId),
      gaps.map(({ update }) => update.liveMode),
      gaps.map(({ update }) => update.resource),
      gaps.map(({ update }) => update.resourceId),
      gaps.map(({ update }) => update.eventId),
      gaps.map(({ update }) => update.eventType),
      gaps.map(({ before }) => before.eventId),
      gaps.map(({ contradicted }) => pathsText(contradicted)),
      gaps.map(({ silent }) => pathsText(silent)),
      gaps.map((gap) => valuesText(gap, 'expected')),
      gaps.map((gap) => valuesText(gap, 'found')),
      gaps.map(({ before }) => instant(before)),
      gaps.map(({ update }) => instant(update)),
    ],
  })
  return rows.filter(({ is_new }) => is_new === true).length
}

/** @returns how many were open and are no more */
export async function closeGaps(
  transaction: Transaction,
  { groupId }: Place,
  domain: HandledDomain,
  agreeing: readonly Neighbours[],
): Promise<number> {
  if (agreeing.length === 0) return 0
  const rows = await transaction.query({
    name: 'gaps_close',
    text: CLOSE,
    values: [
      groupId,
      domain,
      agreeing.map(({ update }) => update.tenantId),
      agreeing.map(({ update }) => update.liveMode),
      agreeing.map(({ update }) => update.eventId),
      agreeing.map(({ before }) => before.eventId),
    ],
  })
  return rows.length
}
