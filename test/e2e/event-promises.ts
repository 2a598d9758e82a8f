import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { domainOf, HANDLED_DOMAINS } from '#core/routing.ts'
import { sampleBody, sampleTypes, sampleVersions, stamped } from '#local/samples.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { eventually } from '../fixtures/eventually.ts'
import { javaPartitions, readLog } from '../fixtures/log-reader.ts'
import { registeredSchema } from '../fixtures/registered-schema.ts'
import { readAsStockClient } from '../fixtures/stock-reader.ts'
import type { SentTwice, StackStart } from './event-trial.ts'
import { EventTrial, LOAD_NAMES, statusOf } from './event-trial.ts'

const run = promisify(execFile)
const soon = { withinMs: 60_000 }
const EVENTS_PER_TENANT = 100
/** An engine may have to pull and to build everything first. */
const START_WITHIN_MS = 1_200_000

let trial: EventTrial

async function everySample(): Promise<readonly SentTwice[]> {
  const sent: SentTwice[] = []
  for (const version of await sampleVersions()) {
    for (const type of await sampleTypes(version)) {
      sent.push(await trial.sendTwice(type, version, 'sandbox'))
      sent.push(await trial.sendTwice(type, version, 'live'))
    }
  }
  return sent
}

/** Where each of them should be is where it is, for a client that is not ours. */
async function checkPlaces(sent: readonly SentTwice[]): Promise<void> {
  const { kafka, registry } = trial.stack.run
  const partitions = await javaPartitions(['tnt_sandbox', 'tnt_live'], 12)
  const partitionOf = new Map(partitions.map(({ key, partition }) => [key, partition]))
  const topics = ['sandbox', 'live'].flatMap((mode) =>
    HANDLED_DOMAINS.map((domain) => `qairopay.${mode}.${domain}`),
  )
  const read = await readAsStockClient(kafka, registry, topics)
  const byId = new Map(read.map((record) => [record.event.id, record]))
  expect(read).toHaveLength(sent.length)
  for (const { event, bytes, first, second } of sent) {
    const { id, type, tenant_id: tenant, live_mode: live, api_version: version } = event
    const mode = live === true ? 'live' : 'sandbox'
    const topic = `qairopay.${mode}.${domainOf(String(type))}`
    const found = byId.get(id)
    const at = { topic, partition: partitionOf.get(String(tenant)), offset: found?.offset }
    expect(first).toMatchObject({ kind: 'answered', status: 200, at })
    expect(second).toMatchObject({ kind: 'answered', status: 200, at })
    expect(found).toMatchObject({ topic, partition: at.partition, key: tenant })
    expect(found?.event).toMatchObject({ type, raw: bytes.toString('base64') })
    const schema = await registeredSchema(registry, found?.schema_id ?? 0)
    expect(schema.namespace).toMatch(`.v${String(version).replaceAll('-', '_')}`)
  }
}

function promiseSamples(): void {
  describe('every golden sample, sent twice', () => {
    it('is where it should be, byte for byte, once in effect, for a client that is not ours', async () => {
      const sent = await everySample()
      expect(sent).toHaveLength(3 * 26 * 2)
      await checkPlaces(sent)
      const half = BigInt(sent.length / 2)
      await eventually(async () => (await trial.inboxCount('tnt\\_sandbox')) === half, soon)
      await eventually(async () => (await trial.inboxCount('tnt\\_live')) === half, soon)
      const histories = HANDLED_DOMAINS.map((domain) => `SELECT event_id FROM ${domain}.history`)
      const text = `SELECT count(*) AS rows, count(DISTINCT event_id) AS ids
        FROM (${histories.join(' UNION ALL ')}) h`
      const total = BigInt(sent.length)
      expect(await trial.row(text)).toEqual({ rows: total, ids: total })
      const aside = 'SELECT count(*) AS n FROM runtime.set_aside'
      expect(await trial.row(aside)).toEqual({ n: 0n })
    })
  })
}

/** Bodies that are signed and no good: what they are, the answer and the reason. */
async function badBodies(): Promise<readonly (readonly [string, string, number, string])[]> {
  const good = () => trial.event('sandbox', 'card.created', '2026-05-19')
  const bad = async (changes: Readonly<Record<string, unknown>>) =>
    JSON.stringify({ ...(await good()), ...changes })
  return [
    ['no JSON', 'nonsense', 202, 'malformed'],
    ['unknown version', await bad({ api_version: '2031-01-01' }), 202, 'unknown_version'],
    ['wrong type', await bad({ data: { card: { id: 7 } } }), 202, 'schema_mismatch'],
    ['foreign tenant', await bad({ tenant_id: 'tnt_live' }), 403, 'tenant_mismatch'],
    ['other mode', await bad({ live_mode: true }), 403, 'mode_mismatch'],
  ]
}

function promiseRefusals(): void {
  describe('a request that is no good', () => {
    it('gets its answer and its place', async () => {
      const { stack, sender } = trial
      const endpoint = trial.endpointOf('sandbox')
      const signed = await badBodies()
      const answers = await Promise.all(
        signed.map(([, body]) => sender.sendBytes(endpoint, Buffer.from(body))),
      )
      const topics = ['qairopay.sandbox.quarantine']
      const records = await readLog({ brokers: stack.run.kafka, topics })
      for (const [i, [name, body, status, reason]] of signed.entries()) {
        const answer = answers[i]
        if (answer?.kind !== 'answered') throw new Error(`${name} was not answered`)
        const record = records.find(
          ({ partition, offset }) =>
            partition === answer.at?.partition && String(offset) === answer.at.offset,
        )
        expect([name, answer.status, record?.headers.reason]).toEqual([name, status, reason])
        expect(record?.value?.toString()).toBe(body)
      }
      expect(records).toHaveLength(signed.length)
    })

    it('is told from one that is not signed, or goes nowhere', async () => {
      const hook = `${trial.stack.run.ingress}/v1/hooks`
      const bare = { method: 'POST', body: '{}' }
      const headers = { 'qairopay-signature': `t=1,v1=${'0'.repeat(64)}` }
      expect((await fetch(`${hook}/whk_sandbox`, bare)).status).toBe(400)
      expect((await fetch(`${hook}/whk_nobody`, { ...bare, headers })).status).toBe(404)
      expect((await fetch(`${hook}/whk_sandbox`)).status).toBe(405)
    })
  })
}

const SEND_BY_HAND = `
T=$(date +%s)
V1=$(printf '%s.%s' "$T" "$BODY" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/.*= *//')
curl -sS -o /dev/null -w '%{http_code}' -X POST "$URL" \\
  -H 'content-type: application/json' -H "QairoPay-Signature: t=$T,v1=$V1" --data-binary "$BODY"
`

function promiseHandmade(): void {
  describe('a webhook signed with openssl and sent with curl', () => {
    it('is answered 200, and a stock Avro client reads it', async () => {
      const { ingress, kafka, registry } = trial.stack.run
      const event = await trial.event('curl', 'payout.completed', '2026-02-01')
      const body = JSON.stringify(event)
      const { stdout } = await run('sh', ['-c', SEND_BY_HAND], {
        env: {
          PATH: processEnvironment().PATH,
          BODY: body,
          SECRET: 'whsec of curl',
          URL: `${ingress}/v1/hooks/whk_curl`,
        },
      })
      expect(stdout).toBe('200')
      const read = await readAsStockClient(kafka, registry, ['qairopay.sandbox.settlement'])
      const found = read.find((record) => record.event.id === event.id)
      expect(found?.event.raw).toBe(Buffer.from(body).toString('base64'))
    })
  })
}

/** Sends as fast as it goes, each tenant one after another; ids by tenant, and the answers. */
async function load() {
  const sample = await sampleBody('card.transaction.authorized', '2026-05-19')
  const expected: Record<string, string[]> = {}
  const statuses = new Map<number | string, number>()
  await Promise.all(
    LOAD_NAMES.map(async (name) => {
      const endpoint = trial.endpointOf(name)
      const { tenantId, liveMode } = endpoint
      const ids: string[] = []
      expected[tenantId] = ids
      for (let n = 0; n < EVENTS_PER_TENANT; n += 1) {
        const event = stamped(sample, { tenantId, liveMode, now: Date.now() })
        const bytes = Buffer.from(JSON.stringify(event))
        const status = statusOf(await trial.sender.sendBytes(endpoint, bytes))
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        ids.push(String(event.id))
      }
    }),
  )
  return { expected, statuses: Object.fromEntries(statuses) }
}

function promiseLoad(): void {
  describe('10,000 webhooks as fast as they go', () => {
    it('are all acknowledged, all on their topics, each in effect once, each tenant in order', async () => {
      const { expected, statuses } = await load()
      const total = LOAD_NAMES.length * EVENTS_PER_TENANT
      expect(statuses).toEqual({ 200: total })

      await eventually(async () => (await trial.inboxCount('tnt\\_load%')) >= BigInt(total), soon)
      const topics = ['qairopay.sandbox.card']
      const records = await readLog({ brokers: trial.stack.run.kafka, topics })
      const onTopic = Object.fromEntries(
        Object.keys(expected).map((tenant) => {
          const own = records.filter(({ key }) => key === tenant)
          return [tenant, own.map(({ headers }) => headers.ce_id)]
        }),
      )
      expect(onTopic).toEqual(expected)
      const text = `SELECT json_object_agg(tenant_id, ids) AS ids FROM (
        SELECT tenant_id, json_agg(event_id ORDER BY record_offset) AS ids FROM card.history
        WHERE tenant_id LIKE 'tnt\\_load%' GROUP BY tenant_id) t`
      expect((await trial.row(text))?.ids).toEqual(expected)
      expect(await trial.inboxCount('tnt\\_load%')).toBe(BigInt(total))
    })
  })
}

async function sendsAndReads(): Promise<void> {
  const event = ['--type', 'program.activated', '--version', '2026-02-01']
  const sent = await trial.stack.cli('send', ...event, '--tenant', 'tnt_curl', '--count', '3')
  const ids = [...new Set(sent.stdout.match(/evt_[0-9A-Z]{26}/g))]
  expect(ids).toHaveLength(3)
  expect(sent.stdout).toContain('sent 3: 3 x 200')
  // Two types in three versions were sent above.
  const max = String(2 * 3 + ids.length)
  const domain = ['--mode', 'sandbox', '--domain', 'program']
  const read = await trial.stack.cli('tail', ...domain, '--from-beginning', '--max', max, '--json')
  const lines = read.stdout.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line).event.id)).toEqual(expect.arrayContaining(ids))
}

function promiseDoor(): void {
  describe('the operator\u2019s door beside the running stack', () => {
    it('registers a second time and says that nothing changed', async () => {
      expect((await trial.stack.cli('schemas', 'register')).stdout).toContain('Nothing changed')
    })

    it('sends, prints the answers, and reads the same events back', sendsAndReads)

    it('lists the endpoints without their secrets', async () => {
      const { stdout } = await trial.stack.cli('endpoints', 'list')
      expect(stdout).toContain('tnt_sandbox')
      expect(stdout).not.toContain('whsec')
    })

    it('finds no fault, and sees a test event through', async () => {
      const endpoint = ['--endpoint', 'whk_sandbox', '--real-tenant']
      const { stdout } = await trial.stack.cli('doctor', '--send', ...endpoint)
      expect(stdout).not.toMatch(/^fault/m)
      expect(stdout).toMatch(/^ok +topics +all 16 are there/m)
      expect(stdout).toMatch(/^ok +send +evt_\S+ for whk_sandbox .*answered 200.*handled by/m)
    })

    it('logs no secret and no word of a body', async () => {
      const logs = await trial.stack.logs()
      expect(logs).toContain('service.started')
      for (const word of ['whsec', 'Example Coffee House', '@example.com', 'nonsense']) {
        expect(logs).not.toContain(word)
      }
    })
  })
}

/** What a whole stack promises, however it was started. To be called once in a file of tests. */
export function promiseEvents(start: StackStart): void {
  beforeAll(async () => {
    trial = await EventTrial.begin(start)
  }, START_WITHIN_MS)

  afterAll(() => trial?.end())

  promiseSamples()
  promiseRefusals()
  promiseHandmade()
  promiseLoad()
  promiseDoor()
}
