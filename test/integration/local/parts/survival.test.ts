import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { startPostgres } from '#local/parts/postgres.ts'
import { startRegistry } from '#local/parts/registry.ts'
import { commandFolder } from '../../../fixtures/command-folder.ts'
import { selectOne } from '../../../fixtures/database-row.ts'
import { readLog } from '../../../fixtures/log-reader.ts'
import { writeRecords } from '../../../fixtures/log-writer.ts'
import { testHost } from '../../../fixtures/part-host.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../fixtures/temporary-folder.ts'

let folder: TemporaryFolder
beforeAll(async () => {
  folder = await temporaryFolder('survival')
})
afterAll(() => folder.remove())

const place = (name: string) => ({
  dataDir: join(folder.path, name),
  logFile: join(folder.path, 'logs', `${name}.log`),
})

test('a record that Kafka acknowledged is there after SIGKILL and a start on other ports', async () => {
  const [port = 0, controllerPort = 0, port2 = 0, controllerPort2 = 0] = await freePorts(4)
  const kafka = await startKafka({ ...place('kafka'), port, controllerPort }, testHost())
  await writeRecords(kafka.brokers, 'survivors', 1, [{ key: 'tnt_1', value: 'kept' }])
  await kafka.kill()
  const ports = { port: port2, controllerPort: controllerPort2 }
  const again = await startKafka({ ...place('kafka'), ...ports }, testHost())
  const records = await readLog({ brokers: again.brokers, topics: ['survivors'] })
  await again.stop()
  expect(records.map(({ key, value }) => [key, value?.toString()])).toEqual([['tnt_1', 'kept']])
})

test('a schema that the registry took is there under its id after SIGKILL', async () => {
  const [port = 0] = await freePorts(1)
  const registry = await startRegistry({ ...place('registry'), port }, testHost())
  const schema = JSON.stringify({ type: 'record', name: 'Kept', fields: [] })
  const answer = await fetch(`${registry.url}/subjects/Kept/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema }),
  })
  const { id } = (await answer.json()) as { id: number }
  await registry.kill()
  const again = await startRegistry({ ...place('registry'), port }, testHost())
  const stored = (await (await fetch(`${again.url}/schemas/ids/${id}`)).json()) as {
    schema: string
  }
  await again.stop()
  expect(JSON.parse(stored.schema)).toEqual(JSON.parse(schema))
})

test('a row that Postgres committed is there after SIGKILL, under the same password', async () => {
  const [port = 0] = await freePorts(1)
  const postgres = await startPostgres({ ...place('postgres'), port }, testHost())
  await selectOne(postgres.url, 'create table kept as select 7 as number')
  await postgres.kill()
  const again = await startPostgres({ ...place('postgres'), port }, testHost())
  const row = await selectOne(again.url, 'select number from kept')
  await again.stop()
  expect(again.url).toBe(postgres.url)
  expect(row).toEqual({ number: 7 })
})

test('Postgres starts in a private folder also where user namespaces are not to be had', async () => {
  const [port = 0] = await freePorts(1)
  const PATH = await commandFolder(join(folder.path, 'bin'), ['setpriv', 'true'])
  const host = testHost({ PATH })
  const postgres = await startPostgres({ ...place('other-user'), port }, host)
  const row = await selectOne(postgres.url, 'select current_user::text as name')
  await postgres.stop()
  expect(row).toEqual({ name: 'event_router' })
})
