import type { Transaction } from '#platform/postgres/database.ts'
import { identities, instant } from './column-arrays.ts'
import type { DomainConsumer } from './contract.ts'
import type { Place } from './fence.ts'
import type { ImpossibleTransition } from './projection.ts'

const INSERT = `
INSERT INTO runtime.anomalies
  (group_id, domain, tenant_id, live_mode, resource_id, resource, event_id, event_type, from_state, to_state, created)
SELECT $1, $2, a.tenant_id, a.live_mode, a.resource_id, a.resource, a.event_id, a.event_type, a.from_state,
  a.to_state, a.created
FROM unnest($3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::timestamptz[])
  AS a (tenant_id, live_mode, resource_id, resource, event_id, event_type, from_state, to_state, created)
ON CONFLICT DO NOTHING`

/** Records transitions that no state machine allows; once each, also when an event is replayed. */
export async function recordAnomalies(
  transaction: Transaction,
  { groupId }: Pick<Place, 'groupId'>,
  { domain }: DomainConsumer,
  transitions: readonly ImpossibleTransition[],
): Promise<void> {
  if (transitions.length === 0) return
  const states = transitions.map(({ to }) => to)
  await transaction.query({
    name: 'anomalies_insert',
    text: INSERT,
    values: [
      groupId,
      domain,
      ...identities(states),
      states.map(({ projection }) => projection.resource),
      states.map(({ event }) => event.id),
      states.map(({ event }) => event.type),
      transitions.map(({ from }) => from),
      states.map(({ state }) => state),
      states.map(({ event }) => instant(event.createdMs)),
    ],
  })
}
