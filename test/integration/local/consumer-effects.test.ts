import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { ConsumerEffects } from '#local/consumer-effects.ts'
import { createLogger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { migrate } from '#platform/postgres/migrations.ts'

const folder = new URL('../../../services/consumers/runtime/migrations/', import.meta.url)
const topic = 'qairopay.sandbox.card'

let database: Database
let effects: ConsumerEffects
beforeAll(async () => {
  database = openDatabase({
    url: inject('databaseUrl'),
    applicationName: 'test',
    poolSize: 2,
    statementTimeoutMs: 10_000,
    log: createLogger({ service: 'test', level: 'silent' }),
  })
  await migrate(database, [{ folder, versionTable: 'runtime.schema_version' }])
  effects = new ConsumerEffects(database, 'projector')
})
afterAll(() => database.end())

const newId = () => `evt_${randomUUID()}`

async function execute(text: string, values: readonly (string | number)[]): Promise<void> {
  await database.transaction((work) => work.query({ text, values }))
}

const enterInbox = (id: string, group: string, outcome: string, effect: string) =>
  execute(
    `INSERT INTO runtime.inbox (group_id, tenant_id, live_mode, event_id, created_on, outcome,
       effect, topic, partition, record_offset)
     VALUES ($1, 'tnt_1', false, $2, '2026-06-02', $3, $4, $5, 0, 0)`,
    [group, id, outcome, effect, topic],
  )

it('waits until the consumer has written down what it did', async () => {
  const id = newId()
  const effect = effects.of(id, 10_000)
  await enterInbox(id, `${topic}.projector`, 'applied', 'cards,transactions')
  expect(await effect).toEqual({
    outcome: 'applied',
    tables: ['cards', 'transactions'],
    reason: null,
  })
})

it('tells why a record was set aside', async () => {
  const id = newId()
  await enterInbox(id, `${topic}.projector`, 'set_aside', '')
  await execute(
    `INSERT INTO runtime.set_aside (group_id, topic, partition, record_offset, event_id, reason, headers)
     VALUES ($1, $2, 0, $3, $4, 'data_error', '{}')`,
    [`${topic}.projector`, topic, Math.floor(Math.random() * 1e9), id],
  )
  expect(await effects.of(id, 10_000)).toMatchObject({ outcome: 'set_aside', reason: 'data_error' })
})

it('does not count what consumers of other teams did', async () => {
  const id = newId()
  await enterInbox(id, `${topic}.billing`, 'applied', 'invoices')
  expect(await effects.of(id, 200)).toBeNull()
})

it('gives up without an error when the database is away', async () => {
  const away = openDatabase({
    url: 'postgres://nobody@127.0.0.1:9/x',
    applicationName: 'test',
    poolSize: 1,
    statementTimeoutMs: 1000,
    log: createLogger({ service: 'test', level: 'silent' }),
  })
  expect(await new ConsumerEffects(away, 'projector').of(newId(), 200)).toBeNull()
  await away.end()
})
