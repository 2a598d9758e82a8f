import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { DomainEvent } from '#consumers/runtime/contract.ts'
import { bodyTexts } from '#consumers/runtime/json-text.ts'
import { isNewer, orderOf, reconcile, statesOf } from '#consumers/runtime/projection.ts'
import { projectionTable } from '#consumers/runtime/tables.ts'
import { settlementConsumer } from '#consumers/settlement/projection.ts'
import type { ApiVersion, EventId, TenantId } from '#core/ids.ts'
import { createLogger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { migrate } from '#platform/postgres/migrations.ts'

const tenant = `tnt_${randomUUID()}`
const [projection] = settlementConsumer.resources
if (projection === undefined) throw new Error('no settlements')
const table = projectionTable('settlement', projection)

let database: Database
let settlements = 0

beforeAll(async () => {
  database = openDatabase({
    url: inject('databaseUrl'),
    applicationName: 'test',
    poolSize: 3,
    statementTimeoutMs: 10_000,
    log: createLogger({ service: 'test', level: 'silent' }),
  })
  const { migrations } = settlementConsumer
  await migrate(database, [{ folder: migrations, versionTable: 'settlement.schema_version' }])
})

afterAll(async () => {
  await database.end()
})

/** One event about the settlement; the unknown type tells nothing but a snapshot. */
interface Told {
  readonly n: number
  readonly ms: number
  readonly type: 'settlement.failed' | 'settlement.completed' | 'settlement.reviewed'
  readonly lines: readonly number[]
}

const told: fc.Arbitrary<Told> = fc.record({
  n: fc.integer({ min: 0, max: 99 }),
  ms: fc.integer({ min: 0, max: 4 }),
  type: fc.constantFrom('settlement.failed', 'settlement.completed', 'settlement.reviewed'),
  lines: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
})

function eventOf({ n, ms, type, lines }: Told, id: string): DomainEvent {
  const settlement = {
    status: `s${n}`,
    lines: lines.map((cents) => ({ type: 'card_transaction', amount_cents: BigInt(cents) })),
  }
  return {
    id: `evt_${n}` as EventId,
    type,
    createdMs: 1_780_000_000_000 + ms,
    tenantId: tenant as TenantId,
    liveMode: false,
    apiVersion: '2026-05-19' as ApiVersion,
    resources: { settlement: { ...settlement, id } },
  }
}

async function project(events: readonly DomainEvent[], id: string): Promise<void> {
  const body = bodyTexts(Buffer.from(JSON.stringify({ data: { settlement: { id } } })))
  if (body === null) throw new Error('no body')
  const states = events.flatMap((event) => statesOf(settlementConsumer, event, body))
  await database.transaction(async (transaction) => {
    const { changes } = reconcile(states, await table.current(transaction, states))
    if (changes.length > 0) await table.write(transaction, changes)
  })
}

async function row(id: string) {
  return await database.session(async (connection) => {
    const [settlement] = await connection.query({
      text: `SELECT status, line_count, last_event_id, state, state_event_id, completed_at, failed_at
        FROM settlement.settlements WHERE tenant_id = $1 AND settlement_id = $2`,
      values: [tenant, id],
    })
    const lines = await connection.query({
      text: `SELECT line_no, amount_cents FROM settlement.settlement_lines
        WHERE tenant_id = $1 AND settlement_id = $2 ORDER BY line_no`,
      values: [tenant, id],
    })
    return { ...settlement, lines: lines.map(({ amount_cents }) => Number(amount_cents)) }
  })
}

function newest(events: readonly DomainEvent[]): DomainEvent | null {
  const newer = (a: DomainEvent, b: DomainEvent) => (isNewer(orderOf(a), orderOf(b)) ? a : b)
  return events.length === 0 ? null : events.reduce(newer)
}

function first(events: readonly DomainEvent[], type: string): Date | null {
  const times = events.filter((event) => event.type === type).map(({ createdMs }) => createdMs)
  return times.length === 0 ? null : new Date(Math.min(...times))
}

function expected(tales: readonly Told[], events: readonly DomainEvent[]) {
  const last = newest(events)
  const tale = tales[last === null ? -1 : events.indexOf(last)]
  const stateful = newest(events.filter(({ type }) => type !== 'settlement.reviewed'))
  return {
    status: `s${tale?.n}`,
    line_count: BigInt(tale?.lines.length ?? 0),
    last_event_id: last?.id,
    state: stateful?.type.replace('settlement.', '') ?? null,
    state_event_id: stateful?.id ?? null,
    completed_at: first(events, 'settlement.completed'),
    failed_at: first(events, 'settlement.failed'),
    lines: tale?.lines,
  }
}

describe('the row of a resource', () => {
  it('is the same whatever the order, the batches and the transactions side by side', async () => {
    const tales = fc.uniqueArray(told, { minLength: 1, maxLength: 8, selector: ({ n }) => n })
    const size = fc.integer({ min: 1, max: 4 })
    const lanes = fc.integer({ min: 1, max: 3 })
    await fc.assert(
      fc.asyncProperty(tales, size, lanes, async (some, batch, width) => {
        settlements += 1
        const id = `set_${settlements}`
        const events = some.map((one) => eventOf(one, id))
        const batches = Array.from({ length: Math.ceil(events.length / batch) }, (_, i) =>
          events.slice(i * batch, (i + 1) * batch),
        )
        const lane = async (n: number) => {
          for (let i = n; i < batches.length; i += width) await project(batches[i] ?? [], id)
        }
        await Promise.all(Array.from({ length: width }, (_, n) => lane(n)))
        expect(await row(id)).toEqual(expected(some, events))
      }),
      { numRuns: 150 },
    )
  })
})
