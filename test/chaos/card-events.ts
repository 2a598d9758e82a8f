import { sampleBody } from '#local/samples.ts'
import type { Body } from '../fixtures/published-versions.ts'
import type { StandEvent } from './stand.ts'

const FIRST_MS = Date.parse('2026-11-20T10:00:00Z')
const VERSION = '2026-05-19'

/** Makes events of type `card.transaction.authorized`, each about a transaction of its own. */
export async function transactionEvents(): Promise<(tenantId: string, n: number) => StandEvent> {
  const template = await sampleBody('card.transaction.authorized', VERSION)
  const { transaction } = template.data as { transaction: object }
  return (tenantId, n) => {
    const eventId = `evt_${String(n).padStart(10, '0')}`
    const data = { transaction: { ...transaction, id: `txn_${n}` } }
    return { tenantId, eventId, body: { ...template, ...envelope(tenantId, eventId, n), data } }
  }
}

/** An event of any type about a card of the tenant's. */
export function cardEvent(tenantId: string, n: number, type: string): StandEvent {
  const eventId = `evt_${String(n).padStart(10, '0')}`
  const body: Body = {
    ...envelope(tenantId, eventId, n),
    type,
    api_version: VERSION,
    data: { card: { id: `card_${tenantId}`, status: `s${n}` } },
    previous_attributes: null,
  }
  return { tenantId, eventId, body }
}

function envelope(tenantId: string, eventId: string, n: number) {
  const created = new Date(FIRST_MS + n).toISOString()
  return { id: eventId, created, tenant_id: tenantId, live_mode: false }
}
