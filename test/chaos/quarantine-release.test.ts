import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OutgoingRecord } from '#core/commit.ts'
import { parseEnvelope } from '#core/envelope.ts'
import { controlTopic, eventTopic, quarantineTopic } from '#core/routing.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import { quarantineRecord } from '#ingress/records.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { startPostgres } from '#local/parts/postgres.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { migrate } from '#platform/postgres/migrations.ts'
import { declaredTopics } from '#registrar/topic-declarations.ts'
import { readLog } from '../fixtures/log-reader.ts'
import { testHost } from '../fixtures/part-host.ts'
import { catalogueMessage, sample } from '../fixtures/published-versions.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { randomFrom } from '../integration/consumers/update-stream.ts'
import { RecordWriter } from './record-writer.ts'
import { chaosSeed, report, scaled } from './report.ts'

const EVENTS = scaled(100_000, 2000)
const TENANTS = 20
const KILLS = 5
/** A command says after two seconds how far it is, so a slow one is killed before its end. */
const KILLED_RATE = String(Math.round(EVENTS / 15))
const MOST_KILL_DELAY_MS = 300
const PREFIX = 'qairopay'
const VERSION = '2026-05-19'
const TOPIC = quarantineTopic(PREFIX, 'sandbox')
const MIB = 1024 * 1024
/** Of which 130 are code that was loaded, and 50 what is in use; the rest waits to be collected. */
const MEMORY_BOUND_MIB = 400
const log = createLogger({ service: 'test', level: 'silent' })
const stops: (() => Promise<unknown>)[] = []

let folder: TemporaryFolder
let environment: Readonly<Record<string, string>>
let brokers: string

function tenantOf(n: number): string {
  return `tnt_${n % TENANTS}`
}

async function waitingRecord(n: number, body: object): Promise<OutgoingRecord> {
  const secrets = [{ id: 'k1', value: 'x' }]
  const declared = { id: `whk_${n % TENANTS}`, tenant_id: tenantOf(n), live_mode: false, secrets }
  const endpoints = parseEndpoints([{ endpoints: [declared] }])
  const endpoint = endpoints.ok ? endpoints.endpoints.get(declared.id) : undefined
  const id = `evt_${String(n).padStart(7, '0')}`
  const event = { ...body, id, tenant_id: tenantOf(n), live_mode: false }
  const parsed = parseEnvelope(event)
  if (endpoint === undefined || !parsed.ok) throw new Error('no event')
  const { envelope } = parsed
  const receivedAtMs = Date.now()
  return quarantineRecord(endpoint, TOPIC, Buffer.from(JSON.stringify(event)), {
    reason: 'unknown_version',
    detail: 'not in the catalogue',
    id: envelope.id,
    envelope,
    receivedAtMs,
    signedAt: String(Math.floor(receivedAtMs / 1000)),
    secretId: 'k1',
  })
}

beforeAll(async () => {
  folder = await temporaryFolder('quarantine-release')
  const [port = 0, controllerPort = 0, postgresPort = 0] = await freePorts(3)
  const place = (part: string) => ({
    dataDir: join(folder.path, part),
    logFile: join(folder.path, 'logs', `${part}.log`),
  })
  const [kafka, postgres] = await Promise.all([
    startKafka({ ...place('kafka'), port, controllerPort }, testHost()),
    startPostgres({ ...place('postgres'), port: postgresPort }, testHost()),
  ])
  stops.push(
    () => kafka.stop(),
    () => postgres.stop(),
  )
  brokers = kafka.brokers
  environment = {
    KAFKA_BROKERS: brokers,
    DATABASE_URL: postgres.url,
    LOCAL_DIR: '/nowhere',
    PATH: '/usr/bin:/bin',
  }
  await prepare(postgres.url)
}, 300_000)

async function prepare(url: string): Promise<void> {
  const database = openDatabase({
    url,
    applicationName: 'test',
    poolSize: 1,
    statementTimeoutMs: 10_000,
    log,
  })
  const migrations = new URL('../../services/consumers/runtime/migrations/', import.meta.url)
  await migrate(database, [{ folder: migrations, versionTable: 'runtime.schema_version' }])
  await database.end()
  const connection = { brokers: [brokers], clientId: 'test', ssl: false, sasl: null }
  await ensureTopics(connection, declaredTopics(PREFIX, 1), log)
  const writer = new RecordWriter(connection)
  const entry = await catalogueMessage(VERSION)
  const topic = controlTopic(PREFIX)
  const value = Buffer.from(entry.value)
  await writer.write([{ topic, partition: 0, key: String(entry.key), value, headers: {} }])
  const body = await sample(VERSION, 'card.transaction.authorized')
  for (let n = 0; n < EVENTS; n += 2000) {
    const length = Math.min(2000, EVENTS - n)
    const records = Array.from({ length }, (_, i) => waitingRecord(n + i, body))
    await writer.write(await Promise.all(records))
  }
  await writer.close()
}

afterAll(async () => {
  for (const stop of stops) await stop()
  await folder.remove()
})

interface ReleaseRun {
  readonly code: number | null
  readonly out: string
  readonly err: string
  readonly seconds: number
  readonly peakMib: number
}

/** Says at the end how much memory it ever had, in KiB; the first option is that of `npm run cli`. */
const PEAK_AT_EXIT =
  "data:text/javascript,process.on('exit',()=>console.error('peak_kib='+process.resourceUsage().maxRSS))"
const MEMORY_OPTIONS = `--max-semi-space-size=2 --import=${PEAK_AT_EXIT}`

/** @param killAfterMs after it first said that events were released; null lets it end */
async function releaseOnce(killAfterMs: number | null): Promise<ReleaseRun> {
  const beganMs = performance.now()
  const verb = ['quarantine', 'release', '--mode', 'sandbox', '--version', VERSION]
  const pace = killAfterMs === null ? [] : ['--rate', KILLED_RATE]
  const child = spawn(
    'node_modules/.bin/node',
    ['services/cli/main.ts', ...verb, ...pace, '--yes', '--json'],
    { env: { ...environment, NODE_OPTIONS: MEMORY_OPTIONS }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let timer: NodeJS.Timeout | undefined
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
    if (killAfterMs !== null && err.includes(' done (')) {
      timer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    }
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  const seconds = (performance.now() - beganMs) / 1000
  const peakMib = (Number(/peak_kib=(\d+)/.exec(err)?.[1] ?? 0) * 1024) / MIB
  return { code, out, err, seconds, peakMib }
}

/** What consumers see of each tenant: each event once, where it came first. */
async function seenEvents() {
  const records = await readLog({ brokers, topics: [eventTopic(PREFIX, 'sandbox', 'card')] })
  const seen = new Map<string, Set<string>>()
  for (const { key, headers } of records) {
    const tenant = key ?? ''
    seen.set(tenant, (seen.get(tenant) ?? new Set()).add(headers.ce_id ?? ''))
  }
  const inversions = [...seen.values()].reduce((sum, ids) => {
    const order = [...ids]
    return sum + order.filter((id, i) => i > 0 && id < (order[i - 1] ?? '')).length
  }, 0)
  const distinct = [...seen.values()].reduce((sum, ids) => sum + ids.size, 0)
  return { records: records.length, distinct, inversions }
}

test('a release that is killed again and again moves every event, in order, in bounded memory', async () => {
  const random = randomFrom(chaosSeed())
  const aside = await readLog({ brokers, topics: [TOPIC] })
  // The filling repeats what was not acknowledged, and those are released as often.
  const twice = aside.length - EVENTS
  const kills: number[] = []
  let hits = 0
  for (let n = 0; n < KILLS; n += 1) {
    const afterMs = Math.round(random() * MOST_KILL_DELAY_MS)
    kills.push(afterMs)
    const { code } = await releaseOnce(afterMs)
    if (code === null) hits += 1
  }
  const afterKills = await seenEvents()
  expect(afterKills).toMatchObject({ inversions: 0 })
  // A kill that comes after the end proves nothing.
  expect(hits).toBe(KILLS)
  expect(afterKills.distinct).toBeLessThan(EVENTS)
  const last = await releaseOnce(null)
  const done = JSON.parse(last.out)
  const again = JSON.parse((await releaseOnce(null)).out)
  const seen = await seenEvents()
  const figures = {
    events: EVENTS,
    tenants: TENANTS,
    killed_ms_after_first_progress: kills,
    killed_before_its_end: hits,
    released_before_the_last_run: afterKills.distinct,
    last_run: { released: done.released, seconds: last.seconds, peak_mib: last.peakMib },
    copies: seen.records - seen.distinct - twice,
    inversions: seen.inversions,
  }
  await report('quarantine-release', figures)
  expect([last.code, done.end]).toEqual([0, 'done'])
  expect(again).toMatchObject({ waiting: 0, released: 0 })
  expect(seen).toMatchObject({ distinct: EVENTS, inversions: 0 })
  // One step of a release is at most 200 events.
  expect(figures.copies).toBeLessThanOrEqual(KILLS * 200)
  expect(last.peakMib).toBeGreaterThan(0)
  expect(last.peakMib).toBeLessThan(MEMORY_BOUND_MIB)
})
