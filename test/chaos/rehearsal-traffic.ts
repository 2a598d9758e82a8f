import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Producer } from 'kafkajs'
import type { OutgoingRecord } from '#core/commit.ts'
import { partitionOf } from '#core/murmur2.ts'
import type { Domain } from '#core/routing.ts'
import {
  controlTopic,
  DOMAINS,
  domainOf,
  EVENT_PARTITIONS,
  eventTopic,
  modeOf,
  quarantineTopic,
} from '#core/routing.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { declaredTopics } from '#registrar/topic-declarations.ts'
import type { Body } from '../fixtures/published-versions.ts'
import { catalogueMessage, ValueWriter } from '../fixtures/published-versions.ts'
import { pick, randomFrom } from '../integration/consumers/update-stream.ts'
import type { Breakage, TrafficFacts } from './rehearsal-breakages.ts'
import { BREAKAGES, WHALE_CENTS } from './rehearsal-breakages.ts'

/** One in so many waits in the quarantine, where the version was unknown when they came. */
const QUARANTINED_EVERY = 50
const TENANTS = 20
const PREFIX = 'qairopay'
const AT_ONCE = 2000
export const CURRENT = '2026-05-19'
const log = createLogger({ service: 'test', level: 'silent' })

type Fields = Record<string, unknown>

/** What a breakage is to be found in: events and tenants by event type. */
type Harm = Map<string, { events: number; readonly tenants: Set<string> }>

export const harms: ReadonlyMap<Breakage, Harm> = new Map(
  BREAKAGES.map((breakage) => [breakage, new Map()]),
)
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
  const partition = partitionOf(Buffer.from(tenant), EVENT_PARTITIONS)
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

/** Topics, the catalogue with one version, and so many events of it, in both modes. */
export async function writeTraffic(brokers: string, events: number, seed: number): Promise<void> {
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
  const random = randomFrom(seed)
  special.whale = tenantOf(Math.floor(random() * TENANTS))
  special.address = tenantOf(Math.floor(random() * TENANTS))
  special.onlyEvent = Math.floor(random() * events)
  const all = await samples()
  for (let n = 0; n < events; n += AT_ONCE) {
    const records: OutgoingRecord[] = []
    for (let i = n; i < Math.min(n + AT_ONCE, events); i += 1) {
      records.push(await trafficRecord(i, all, random))
    }
    await write(producer, records)
  }
  await producer.disconnect()
}
