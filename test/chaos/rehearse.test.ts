import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OutgoingRecord } from '#core/commit.ts'
import { partitionOf } from '#core/murmur2.ts'
import type { Domain } from '#core/routing.ts'
import {
  controlTopic,
  DOMAINS,
  domainOf,
  eventTopic,
  modeOf,
  quarantineTopic,
} from '#core/routing.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { declaredTopics } from '#registrar/topic-declarations.ts'
import { testHost } from '../fixtures/part-host.ts'
import type { Body } from '../fixtures/published-versions.ts'
import { catalogueMessage, ValueWriter } from '../fixtures/published-versions.ts'
import { writeCandidate } from '../fixtures/schema-changes.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { pick, randomFrom } from '../integration/consumers/update-stream.ts'
import type { Breakage, TrafficFacts } from './rehearsal-breakages.ts'
import { BREAKAGES, WHALE_CENTS } from './rehearsal-breakages.ts'
import { chaosSeed, report, scaled } from './report.ts'

const EVENTS = scaled(100_000, 4000)
/** One in so many waits in the quarantine, where the version was unknown when they came. */
const QUARANTINED_EVERY = 50
const TENANTS = 20
const PREFIX = 'qairopay'
const CURRENT = '2026-05-19'
/** Older than `previous_attributes`. */
const BROKEN = '2026-05-01'
const NEXT = '2026-09-01'
const MOST_SECONDS = 120
const MOST_MIB = 300
const log = createLogger({ service: 'test', level: 'silent' })

type Fields = Record<string, unknown>

/** What a breakage is to be found in: events and tenants by event type. */
type Harm = Map<string, { events: number; readonly tenants: Set<string> }>

const harms = new Map<Breakage, Harm>(BREAKAGES.map((breakage) => [breakage, new Map()]))
let folder: TemporaryFolder
let environment: Readonly<Record<string, string>>
let stop: () => Promise<unknown> = async () => {}
const special = { whale: '', address: '', onlyEvent: -1 }

interface Sample {
  readonly type: string
  readonly body: Body
}

async function samples(): Promise<readonly Sample[]> {
  const root = `schemas/${CURRENT}/samples`
  const names = (await readdir(root)).sort()
  return await Promise.all(
    names.map(async (name) => {
      const body = JSON.parse(await readFile(join(root, name), 'utf8')) as Body
      return { type: name.replace(/\.json$/, ''), body }
    }),
  )
}

function tenantOf(n: number): string {
  return `tnt_${String(n % TENANTS).padStart(2, '0')}`
}

/** What is rare in the traffic is taken from where it is not meant to be. */
function dataOf(
  n: number,
  sample: Sample,
  tenant: string,
  isQuarantined: boolean,
  random: number,
): Fields {
  const data = structuredClone(sample.body.data) as Record<string, Fields | undefined>
  const { payout, card, cardholder, program } = data
  if (payout !== undefined) {
    if (tenant !== special.address) payout.aptos_address = null
    if (tenant === special.whale && random < 0.5) payout.amount_cents = WHALE_CENTS
  }
  const shipping = card?.shipping as Fields | undefined | null
  if (shipping != null && !isQuarantined) shipping.tracking_number = null
  if (cardholder !== undefined && n !== special.onlyEvent) cardholder.sanctions_status = null
  if (n === special.onlyEvent && cardholder !== undefined) cardholder.sanctions_status = 'clear'
  if (program !== undefined && random < 0.1) program.name = 4711
  return data
}

function bodyText(body: object): string {
  const digits = (_key: string, value: unknown) => (typeof value === 'bigint' ? `#${value}` : value)
  return JSON.stringify(body, digits).replaceAll(/"#(\d+)"/g, '$1')
}

function count(facts: TrafficFacts, tenant: string): void {
  for (const [breakage, harm] of harms) {
    if (!breakage.place.startsWith(`${domainOf(facts.type)}:`) || !breakage.isHarmed(facts))
      continue
    const found = harm.get(facts.type) ?? { events: 0, tenants: new Set() }
    found.events += 1
    found.tenants.add(tenant)
    harm.set(facts.type, found)
  }
}

const writers = new Map<Domain, ValueWriter>(
  DOMAINS.map((domain) => [domain, new ValueWriter(domain)]),
)

async function trafficRecord(n: number, all: readonly Sample[], random: () => number) {
  const tenant = tenantOf(n)
  const isCompliance = n === special.onlyEvent
  const usable = isCompliance ? all.filter(({ type }) => type.startsWith('cardholder')) : all
  const sample = pick(random, usable)
  const isQuarantined = n % QUARANTINED_EVERY === 7
  const liveMode = n % 3 === 0
  const data = dataOf(n, sample, tenant, isQuarantined, random())
  const id = `evt_${String(n).padStart(7, '0')}`
  const text = bodyText({ ...sample.body, id, tenant_id: tenant, live_mode: liveMode, data })
  const hasPreviousAttributes = sample.body.previous_attributes != null
  count({ type: sample.type, data: data as TrafficFacts['data'], hasPreviousAttributes }, tenant)
  const partition = partitionOf(Buffer.from(tenant), 12)
  const mode = modeOf(liveMode)
  const place = { partition, key: tenant }
  if (isQuarantined) {
    const reason = 'unknown_version'
    const headers = {
      reason,
      api_version: CURRENT,
      ce_type: sample.type,
      received_at: String(Date.now()),
    }
    const topic = quarantineTopic(PREFIX, mode)
    return { ...place, topic, value: Buffer.from(text), headers } satisfies OutgoingRecord
  }
  const domain = domainOf(sample.type)
  const value = await writers.get(domain)?.encode(text)
  const topic = eventTopic(PREFIX, mode, domain)
  return { ...place, topic, value: value ?? null, headers: {} } satisfies OutgoingRecord
}

/** Nothing twice, since every event is counted. */
async function write(producer: Producer, records: readonly OutgoingRecord[]): Promise<void> {
  const byTopic = Map.groupBy(records, ({ topic }) => topic)
  const topicMessages = [...byTopic].map(([topic, own]) => ({
    topic,
    messages: own.map(({ partition, key, value, headers }) => ({
      partition,
      key,
      value: value === null ? null : Buffer.from(value),
      headers,
    })),
  }))
  await producer.sendBatch({ topicMessages, acks: -1 })
}

async function prepare(brokers: string): Promise<void> {
  const connection = { brokers: [brokers], clientId: 'test', ssl: false, sasl: null }
  await ensureTopics(connection, declaredTopics(PREFIX, 1), log)
  const producer = kafkaClient(connection, log, 10).producer({
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await producer.connect()
  const { key, value } = await catalogueMessage(CURRENT)
  const entry = { topic: controlTopic(PREFIX), partition: 0, key, value: Buffer.from(value) }
  await write(producer, [{ ...entry, headers: {} }])
  const random = randomFrom(chaosSeed())
  special.whale = tenantOf(Math.floor(random() * TENANTS))
  special.address = tenantOf(Math.floor(random() * TENANTS))
  special.onlyEvent = Math.floor(random() * EVENTS)
  const all = await samples()
  for (let n = 0; n < EVENTS; n += 2000) {
    const records: OutgoingRecord[] = []
    for (let i = n; i < Math.min(n + 2000, EVENTS); i += 1) {
      records.push(await trafficRecord(i, all, random))
    }
    await write(producer, records)
  }
  await producer.disconnect()
}

beforeAll(async () => {
  folder = await temporaryFolder('rehearse')
  const [port = 0, controllerPort = 0] = await freePorts(2)
  const place = { dataDir: join(folder.path, 'kafka'), logFile: join(folder.path, 'kafka.log') }
  const kafka = await startKafka({ ...place, port, controllerPort }, testHost())
  stop = () => kafka.stop()
  environment = { KAFKA_BROKERS: kafka.brokers, LOCAL_DIR: '/nowhere', PATH: '/usr/bin:/bin' }
  await prepare(kafka.brokers)
}, 900_000)

afterAll(async () => {
  await stop()
  await folder.remove()
})

/** Says at the end how much memory it ever had; the first option is that of `npm run cli`. */
const PEAK_AT_EXIT =
  "data:text/javascript,process.on('exit',()=>console.error(/VmHWM.*/.exec(process.getBuiltinModule('fs').readFileSync('/proc/self/status','utf8'))[0]))"
const MEMORY_OPTIONS = `--max-semi-space-size=2 --import=${PEAK_AT_EXIT}`

interface Finding {
  readonly place: string
  readonly type: string
  readonly effect: string
  readonly events: number
  readonly tenants: number
  readonly some_tenants: readonly string[]
  readonly samples: readonly { readonly at: string; readonly tenant: string }[]
}

interface Result {
  readonly events: number
  readonly from_quarantine: number
  readonly failures: readonly Finding[]
  readonly as_today: readonly Finding[]
}

async function rehearse(path: string) {
  const beganMs = performance.now()
  const verb = ['schemas', 'rehearse', path, '--version', CURRENT, '--since', '7d', '--json']
  const child = spawn('node_modules/.bin/node', ['services/cli/main.ts', ...verb], {
    env: { ...environment, NODE_OPTIONS: MEMORY_OPTIONS },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  const seconds = (performance.now() - beganMs) / 1000
  const mib = Number(/VmHWM:\s+(\d+) kB/.exec(err)?.[1] ?? Number.NaN) / 1024
  if (!out.startsWith('{')) throw new Error(err)
  const [result] = JSON.parse(out).versions as readonly Result[]
  if (result === undefined) throw new Error(out)
  return { code, seconds, mib, result }
}

/** What of a breakage was not found as it should be; empty when all was. */
function missed(breakage: Breakage, failures: readonly Finding[]): readonly string[] {
  const { place, effect } = breakage
  const harm = [...(harms.get(breakage) ?? new Map())]
  if (harm.length === 0) return ['the traffic does not have it']
  return harm.flatMap(([type, { events, tenants }]) => {
    const found = failures.find((one) => one.place === place && one.type === type)
    const isRight =
      found?.effect === effect &&
      found.events === events &&
      found.tenants === tenants.size &&
      found.some_tenants.every((tenant) => tenants.has(tenant)) &&
      found.samples.every(({ tenant }) => tenants.has(tenant))
    return isRight
      ? []
      : [`${place} in ${type}: ${JSON.stringify(found)}, not ${events} of ${tenants.size}`]
  })
}

test('finds twenty breakages of a candidate in the traffic, in their fields, types and tenants, and none in a whole one', async () => {
  const changes = new Map(BREAKAGES.flatMap(({ change }) => (change === null ? [] : [change])))
  for (const domain of DOMAINS) changes.set(`${domain}:previous_attributes`, () => null)
  const broken = await rehearse(await writeCandidate(folder.path, CURRENT, BROKEN, changes))
  const whole = await rehearse(await writeCandidate(folder.path, CURRENT, NEXT, new Map()))

  const { failures } = broken.result
  const notFound = BREAKAGES.map((breakage) => ({
    breakage,
    missed: missed(breakage, failures),
  })).filter((one) => one.missed.length > 0)
  const places = new Set(BREAKAGES.map(({ place }) => place))
  // Every other resource with an update loses its previous_attributes as well.
  const alarms = failures.filter(
    ({ place }) => !places.has(place) && !place.endsWith(':previous_attributes'),
  )
  await report('rehearse', {
    events: EVENTS,
    quarantined: broken.result.from_quarantine,
    breakages: BREAKAGES.length,
    found: BREAKAGES.length - notFound.length,
    falseAlarms: alarms.length + whole.result.failures.length,
    once: harms.get(BREAKAGES.find(({ what }) => what === 'one event has it') as Breakage)?.size,
    asToday: whole.result.as_today.length,
    seconds: [broken.seconds, whole.seconds],
    residentMib: [broken.mib, whole.mib],
  })

  expect(
    notFound.flatMap((one) => one.missed.map((words) => `${one.breakage.what}: ${words}`)),
  ).toEqual([])
  expect(alarms).toEqual([])
  expect(BREAKAGES).toHaveLength(20)
  expect([broken.code, broken.result.events]).toEqual([1, EVENTS])
  expect([whole.code, whole.result.events, whole.result.failures]).toEqual([0, EVENTS, []])
  expect(whole.result.as_today.length).toBeGreaterThan(0)
  for (const { seconds, mib } of [broken, whole]) {
    expect(seconds).toBeLessThan(MOST_SECONDS)
    expect(mib).toBeLessThan(MOST_MIB)
  }
})
