import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Principal } from '#core/kafka-rights.ts'
import { signatureHeader } from '#ingress/signature.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { register } from '#registrar/register.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import { runCli } from '../fixtures/cli.ts'
import { selectOne } from '../fixtures/database-row.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { GuardedKafka } from '../fixtures/guarded-kafka.ts'
import { startGuardedKafka } from '../fixtures/guarded-kafka.ts'
import type { OwnDatabase } from '../fixtures/own-database.ts'
import { ownDatabase } from '../fixtures/own-database.ts'
import { ServiceProcess } from '../fixtures/service-process.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import type { DeclaredEndpoint } from './ingress/stage.ts'
import { newEndpoint, nowSeconds, post, sampleFor } from './ingress/stage.ts'

const PREFIX = 'rights'
const log = createLogger({ service: 'test', level: 'silent' })
const soon = { withinMs: 60_000 }
const LIVE_CARD = `${PREFIX}.live.card`
const SANDBOX_PASS = `${PREFIX}.sandbox.pass`
const QUARANTINE = `${PREFIX}.live.quarantine`
const CONTROL = `${PREFIX}.control`
const USAGE = `${PREFIX}.endpoint-usage`
const FOREIGN = 'orders'

let folder: TemporaryFolder
let kafka: GuardedKafka
let database: OwnDatabase
const services: ServiceProcess[] = []

function registrarSettings() {
  return loadSettings(REGISTRAR_SETTINGS, {
    ...kafka.environment('registrar'),
    TOPIC_PREFIX: PREFIX,
    SCHEMA_REGISTRY_URL: inject('registryUrl'),
  })
}

beforeAll(async () => {
  folder = await temporaryFolder('kafka-rights')
  database = await ownDatabase(inject('databaseUrl'))
  kafka = await startGuardedKafka(folder.path, PREFIX)
  const open = { brokers: [kafka.openAddress], clientId: 'test', ssl: false, sasl: null }
  const settings = {}
  await ensureTopics(open, [{ name: FOREIGN, partitions: 1, replicationFactor: 1, settings }], log)
  expect(await register(registrarSettings(), log)).toMatchObject({ kind: 'done' })
})

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()))
  await kafka?.stop()
  await database?.remove()
  await folder?.remove()
})

/** Why it failed by Kafka's name, or that it did not. */
async function tried(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'may'
  } catch (error) {
    const found = error as {
      type?: string
      cause?: { type?: string }
      errors?: { type?: string }[]
    }
    const type = found.type ?? found.cause?.type ?? found.errors?.[0]?.type ?? String(error)
    // Of a group that one may not describe, kafkajs says only that it has no coordinator.
    const isRefusal = /_AUTHORIZATION_FAILED$|^KafkaJSGroupCoordinatorNotFound/.test(type)
    return isRefusal ? 'may not' : type
  }
}

/** Who may is not kept from it for good: leaders and coordinators of a young broker come in time. */
async function answerTo(work: () => Promise<unknown>, isAllowed: boolean): Promise<string> {
  let answer = await tried(work)
  if (!isAllowed) return answer
  const again = async () => {
    answer = await tried(work)
    return answer === 'may'
  }
  if (answer !== 'may') await eventually(again, { withinMs: 20_000 }).catch(() => {})
  return answer
}

async function write(principal: Principal, topic: string): Promise<void> {
  const client = kafkaClient(kafka.connection(principal, 'test'), log, 0)
  const producer = client.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } })
  await producer.connect()
  try {
    await producer.send({ topic, acks: -1, messages: [{ key: 'k', value: null, partition: 0 }] })
  } finally {
    await producer.disconnect()
  }
}

/** Joins a group and waits for a record, or for the refusal. */
async function read(principal: Principal, topic: string, groupId: string): Promise<void> {
  const client = kafkaClient(kafka.connection(principal, 'test'), log, 0)
  const consumer = client.consumer({ groupId, retry: { retries: 0 } })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      consumer.on(consumer.events.FETCH, () => resolve())
      consumer.run({ eachMessage: async () => {} }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
}

async function create(principal: Principal, topic: string): Promise<void> {
  const admin = kafkaClient(kafka.connection(principal, 'test'), log, 0).admin()
  await admin.connect()
  try {
    await admin.createTopics({
      validateOnly: true,
      waitForLeaders: false,
      topics: [{ topic, numPartitions: 1 }],
    })
  } finally {
    await admin.disconnect()
  }
}

const OWN_GROUP: Readonly<Partial<Record<Principal, string>>> = {
  ingress: 'event-router-ingress.tail.x',
  'consumer-card': `${LIVE_CARD}.service`,
  'consumer-pass': `${SANDBOX_PASS}.service`,
  registrar: 'event-router-registrar.tail.x',
  operator: 'event-router-cli.tail.x',
}

function groupOf(principal: Principal): string {
  return `${OWN_GROUP[principal]}${randomUUID()}`
}

/** Who may do it; everybody else must not. */
const MATRIX: readonly (readonly [
  what: string,
  who: readonly Principal[],
  work: (principal: Principal) => Promise<void>,
])[] = [
  ['write events', ['ingress', 'operator'], (p) => write(p, LIVE_CARD)],
  ['write to the quarantine', ['ingress', 'operator'], (p) => write(p, QUARANTINE)],
  ['write the catalogue', ['registrar', 'operator'], (p) => write(p, CONTROL)],
  ['write the usage of secrets', ['ingress'], (p) => write(p, USAGE)],
  ['write to the topic of somebody else', [], (p) => write(p, FOREIGN)],
  [
    'read the events of cards',
    ['consumer-card', 'operator'],
    (p) => read(p, LIVE_CARD, groupOf(p)),
  ],
  [
    'read the events of passes',
    ['consumer-pass', 'operator'],
    (p) => read(p, SANDBOX_PASS, groupOf(p)),
  ],
  ['read the quarantine', ['operator'], (p) => read(p, QUARANTINE, groupOf(p))],
  [
    'read the catalogue',
    ['ingress', 'consumer-card', 'consumer-pass', 'registrar', 'operator'],
    (p) => read(p, CONTROL, groupOf(p)),
  ],
  ['read the topic of somebody else', [], (p) => read(p, FOREIGN, groupOf(p))],
  [
    "be a member of the card consumer's group",
    ['consumer-card'],
    (p) => read(p, CONTROL, `${LIVE_CARD}.service`),
  ],
  [
    'create a topic of the router',
    ['registrar', 'operator'],
    (p) => create(p, `${PREFIX}.live.new`),
  ],
  ['create any other topic', [], (p) => create(p, 'invoices')],
]

describe('a principal of the router', () => {
  it.each(MATRIX)('may %s only if it is one of: %s', async (_what, who, work) => {
    const principals = Object.keys(OWN_GROUP) as Principal[]
    const found = await Promise.all(
      principals.map(async (principal) => [
        principal,
        await answerTo(() => work(principal), who.includes(principal)),
      ]),
    )
    const expected = principals.map((principal) => [
      principal,
      who.includes(principal) ? 'may' : 'may not',
    ])
    expect(found).toEqual(expected)
  })
})

/** Posts an event; the answer's status. */
async function posted(ingress: ServiceProcess, endpoint: DeclaredEndpoint, body: Buffer) {
  const signature = signatureHeader(endpoint.secrets[0]?.value ?? '', body, nowSeconds())
  const headers = { 'QairoPay-Signature': signature }
  return (await post(`${ingress.url}/v1/hooks/${endpoint.id}`, body, headers)).status
}

describe('services with the rights of the table and no others', () => {
  it('take, set aside, handle and look at events as they do without rules', async () => {
    const endpoint = newEndpoint()
    const endpointsFile = join(folder.path, 'endpoints.json')
    await writeFile(endpointsFile, JSON.stringify({ endpoints: [endpoint] }))
    const ingressSettings = { INGRESS_PORT: '0', ENDPOINTS_FILE: endpointsFile }
    const [ingress, consumer] = await Promise.all([
      ServiceProcess.start('ingress', {
        ...kafka.environment('ingress'),
        ...{ TOPIC_PREFIX: PREFIX, ...ingressSettings },
      }),
      ServiceProcess.start('consumers/card', {
        ...kafka.environment('consumer-card'),
        ...{ TOPIC_PREFIX: PREFIX, DATABASE_URL: database.url },
      }),
    ])
    services.push(ingress, consumer)
    await Promise.all([ingress.ready(), consumer.ready()])

    const body = Buffer.from(await sampleFor(endpoint))
    const { id, api_version: version } = JSON.parse(body.toString()) as Record<string, string>
    const unknown = body.toString().replace(String(version), '2099-01-01')
    const aside = Buffer.from(unknown.replace(String(id), `${id}X`))
    // A process that has just started on a busy machine may say that it is late.
    await eventually(async () => (await posted(ingress, endpoint, body)) === 200, soon)
    await eventually(async () => (await posted(ingress, endpoint, aside)) === 202, soon)
    const handled = `SELECT count(*) AS n FROM card.history WHERE event_id = '${id}'`
    await eventually(async () => (await selectOne(database.url, handled))?.n === 1n, soon)

    const environment = {
      ...kafka.environment('operator'),
      ...{ TOPIC_PREFIX: PREFIX, DATABASE_URL: database.url, ...ingressSettings },
      SCHEMA_REGISTRY_URL: inject('registryUrl'),
    }
    for (const [line, shown] of [
      ['quarantine list --mode sandbox', /unknown_version/],
      ['versions list', /2026-05-19/],
      ['consumers status', /sandbox │ card +│ projector │ 1 /],
      ['tail --domain card --mode sandbox --from-beginning --max 1', new RegExp(String(id))],
    ] as const) {
      const run = await runCli(line.split(' '), { environment })
      expect([line, run.code, run.err]).toEqual([line, 0, ''])
      expect(run.out).toMatch(shown)
    }
    const used = async () => {
      const run = await runCli(['endpoints', 'status', endpoint.id, '--json'], { environment })
      return run.code === 0 && /"matched":[1-9]/.test(run.out)
    }
    await eventually(used, soon)
    for (const service of services) {
      expect(service.output).not.toMatch(/AUTHORIZATION|"level":"error"/)
    }
  })
})
