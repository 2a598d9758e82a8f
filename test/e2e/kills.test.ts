import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Endpoint } from '#ingress/endpoints.ts'
import type { EventBody } from '#local/samples.ts'
import { sampleBody, stamped } from '#local/samples.ts'
import { createSender } from '#local/sender.ts'
import { selectOne } from '../fixtures/database-row.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { LogRecord } from '../fixtures/log-reader.ts'
import { readLog } from '../fixtures/log-reader.ts'
import { startPersistentLoad } from '../fixtures/persistent-load.ts'
import type { SeparateServices } from '../fixtures/separate-services.ts'
import { startSeparateServices } from '../fixtures/separate-services.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

const TENANTS = 24
const EVENTS_BETWEEN_KILLS = 400
const soon = { withinMs: 90_000 }

const declared = Array.from({ length: TENANTS }, (_, n) => ({
  id: `whk_kills_${n}`,
  tenant_id: `tnt_kills_${n}`,
  live_mode: false,
  secrets: [{ id: 'k1', value: `secret of ${n}` }],
}))

let folder: TemporaryFolder
let services: SeparateServices

beforeAll(async () => {
  folder = await temporaryFolder('kills')
  services = await startSeparateServices(folder.path, declared, ['ingress', 'consumer-card'])
})

afterAll(async () => {
  await services?.stop()
  await folder.remove()
})

/** Ids by tenant, in the order of their first copies. */
function firstCopies(records: readonly LogRecord[]): Map<string, string[]> {
  const seen = new Set<string>()
  const ids = new Map<string, string[]>()
  for (const { key, headers } of records) {
    const id = headers.ce_id ?? ''
    if (key === null || seen.has(id)) continue
    seen.add(id)
    ids.set(key, [...(ids.get(key) ?? []), id])
  }
  return ids
}

/** What had its effect, in the order in which it had it: ids by tenant. */
async function effects(): Promise<Record<string, readonly string[]>> {
  const row = await selectOne(
    services.databaseUrl,
    `SELECT coalesce(json_object_agg(tenant_id, ids), '{}') AS ids FROM (
       SELECT tenant_id, json_agg(event_id ORDER BY record_offset) AS ids
       FROM card.history GROUP BY tenant_id) t`,
  )
  return row?.ids as Record<string, readonly string[]>
}

async function numbers(): Promise<{ inbox: bigint; transactions: bigint; aside: bigint }> {
  const row = await selectOne(
    services.databaseUrl,
    `SELECT (SELECT count(*) FROM runtime.inbox) AS inbox,
       (SELECT count(*) FROM card.transactions) AS transactions,
       (SELECT count(*) FROM runtime.set_aside) AS aside`,
  )
  return row as unknown as { inbox: bigint; transactions: bigint; aside: bigint }
}

describe('under load, with the ingress, the consumer and Kafka killed', () => {
  it('every acknowledged event is on its topic and has its effect exactly once, in order', async () => {
    const template = await sampleBody('card.transaction.authorized', '2026-05-19')
    let made = 0
    // Each event is about a transaction of its own, so that one row is one effect.
    const eventOf = ({ tenantId, liveMode }: Endpoint): EventBody => {
      made += 1
      const { transaction } = template.data as { transaction: object }
      const data = { transaction: { ...transaction, id: `txn_kills_${made}` } }
      return { ...stamped(template, { tenantId, liveMode, now: Date.now() }), data }
    }
    const { ingressUrl, endpoints } = services
    const sender = createSender({ ingressUrl, endpoints, connections: TENANTS })
    const load = startPersistentLoad(sender, endpoints, eventOf)
    const more = async () => {
      const goal = load.total() + EVENTS_BETWEEN_KILLS
      await eventually(() => load.total() >= goal, soon)
    }
    for (const name of ['ingress', 'consumer-card', 'kafka', 'ingress'] as const) {
      await more()
      await services.killAndRestart(name)
    }
    await more()
    await load.stop()
    sender.close()
    const total = load.total()
    expect([...load.repeats.values()].reduce((sum, times) => sum + times, 0)).toBeGreaterThan(0)

    await eventually(async () => (await numbers()).inbox >= BigInt(total), soon)
    const exactly = BigInt(total)
    expect(await numbers()).toEqual({ inbox: exactly, transactions: exactly, aside: 0n })

    const acknowledged = Object.fromEntries(load.acknowledged)
    const topics = ['qairopay.sandbox.card']
    const records = await readLog({ brokers: services.brokers, topics })
    expect(Object.fromEntries(firstCopies(records))).toEqual(acknowledged)
    expect(await effects()).toEqual(acknowledged)
  })
})
