import { setTimeout as delay } from 'node:timers/promises'
import type { HandledDomain } from '#core/routing.ts'
import { consumerGroup, modeOf } from '#core/routing.ts'
import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import { endpointSet } from '#ingress/endpoints.ts'
import { eventIds } from '#local/event-ids.ts'
import { createSender } from '#local/sender.ts'
import type { Database } from '#platform/postgres/database.ts'
import { withDatabase } from '../database-access.ts'
import type { SeenEffect, SentEvent } from './sending.ts'
import { signingEntry, testEvent } from './test-event.ts'

/** A test event that is to be sent, and where its effect will be. */
export interface Delivery {
  readonly ingressUrl: string
  readonly entry: EndpointEntry
  readonly domain: HandledDomain
  readonly version: string
  readonly topicPrefix: string
  /** Last part of the consumer group's name. */
  readonly service: string
  readonly databaseUrl: string
  /** From the answer on. */
  readonly withinMs: number
  readonly stopped: AbortSignal
}

const POLL_MS = 100
/** By the whole key, so that it costs a look into one day of the inbox, however large it is. */
const OUTCOME = `
SELECT outcome FROM runtime.inbox
WHERE event_id = $1 AND group_id = $2 AND tenant_id = $3 AND live_mode = $4 AND created_on = $5`

async function outcomeOf(database: Database, values: readonly (string | boolean)[]) {
  const [row] = await database.session((session) => session.query({ text: OUTCOME, values }))
  return row === undefined ? null : String(row.outcome)
}

/** Looks until the consumer has written something down, or the time is over. */
async function awaitedEffect(
  delivery: Delivery,
  event: { readonly id: string; readonly nowMs: number },
): Promise<SeenEffect | null> {
  const { entry, domain, topicPrefix, service, databaseUrl, withinMs, stopped } = delivery
  const { tenantId, liveMode } = entry
  const group = consumerGroup(topicPrefix, modeOf(liveMode), domain, service)
  const day = new Date(event.nowMs).toISOString().slice(0, 10)
  const values = [event.id, group, tenantId, liveMode, day]
  const begun = performance.now()
  const tookMs = () => Math.round(performance.now() - begun)
  return await withDatabase(databaseUrl, async (database) => {
    while (tookMs() < withinMs && !stopped.aborted) {
      const outcome = await outcomeOf(database, values)
      if (outcome !== null) return { outcome, tookMs: tookMs() }
      await delay(POLL_MS, undefined, { signal: stopped }).catch(() => {})
    }
    return null
  })
}

/**
 * Sends one signed test event as QairoPay would, and waits for its effect when it was answered 200.
 *
 * @throws CliFault when Postgres is away
 */
export async function deliver(delivery: Delivery): Promise<SentEvent> {
  const { ingressUrl, entry, domain, version, withinMs } = delivery
  const nowMs = Date.now()
  const [endpoint] = (await endpointSet([signingEntry(entry, nowMs)])).values()
  if (endpoint === undefined) throw new Error('an entry made no endpoint')
  const id = eventIds(() => nowMs)()
  const event = testEvent({ id, domain, endpoint: entry, version, nowMs })
  const sender = createSender({ ingressUrl, endpoints: [endpoint], connections: 1 })
  try {
    const answer = await sender.sendBytes(endpoint, Buffer.from(JSON.stringify(event)))
    const isStored = answer.kind === 'answered' && answer.status === 200
    const effect = isStored ? await awaitedEffect(delivery, { id, nowMs }) : null
    const { id: endpointId, tenantId } = entry
    return { url: ingressUrl, eventId: id, endpointId, tenantId, domain, answer, effect, withinMs }
  } finally {
    sender.close()
  }
}
