import type { Stage } from './stage.ts'

async function idsIn(stage: Stage, table: string, tenant: string): Promise<readonly string[]> {
  const text = `SELECT event_id FROM ${table} WHERE tenant_id = $1 ORDER BY record_offset`
  const rows = await stage.rows(text, [tenant])
  return rows.map(({ event_id }) => String(event_id))
}

/** What became of each event of a tenant, in the order of the log. */
export async function outcomesOfTenant(stage: Stage, tenant: string): Promise<readonly string[]> {
  const rows = await stage.rows(
    'SELECT event_id, outcome FROM runtime.inbox WHERE tenant_id = $1 ORDER BY record_offset',
    [tenant],
  )
  return rows.map(({ event_id, outcome }) => `${event_id} ${outcome}`)
}

/** The events of a tenant that wait for a release. */
export async function queueOfTenant(stage: Stage, tenant: string): Promise<readonly string[]> {
  return await idsIn(stage, 'runtime.parked_events', tenant)
}

/** The events of a tenant that had their effect. */
export async function historyOfTenant(stage: Stage, tenant: string): Promise<readonly string[]> {
  return await idsIn(stage, 'card.history', tenant)
}
