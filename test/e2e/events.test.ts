import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { domainOf, HANDLED_DOMAINS } from '#core/routing.ts'
import type { Endpoint } from '#ingress/endpoints.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import type { EventBody } from '#local/samples.ts'
import { sampleBody, sampleTypes, sampleVersions, stamped } from '#local/samples.ts'
import type { Answer, Sender } from '#local/sender.ts'
import { createSender } from '#local/sender.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { selectOne } from '../fixtures/database-row.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { LocalStack } from '../fixtures/local-stack.ts'
import { startLocalStack } from '../fixtures/local-stack.ts'
import { javaPartitions, readLog } from '../fixtures/log-reader.ts'
import { registeredSchema } from '../fixtures/registered-schema.ts'
import { readAsStockClient } from '../fixtures/stock-reader.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

const run = promisify(execFile)
const soon = { withinMs: 60_000 }
const LOAD_TENANTS = 100
const EVENTS_PER_TENANT = 100

function declared(name: string, liveMode = false) {
  const secrets = [{ id: 'k1', value: `whsec of ${name}` }]
  return {
    id: `whk_${name}`,
    tenant_id: `tnt_${name}`,
    live_mode: liveMode,
    enabled: true,
    secrets,
  }
}

const loadNames = Array.from({ length: LOAD_TENANTS }, (_, n) => `load${n}`)
const document = {
  endpoints: [
    declared('sandbox'),
    declared('live', true),
    declared('curl'),
    ...loadNames.map((name) => declared(name)),
  ],
}

let folder: TemporaryFolder
let stack: LocalStack
let sender: Sender
const endpoints = new Map<string, Endpoint>()

beforeAll(async () => {
  folder = await temporaryFolder('events')
  await mkdir(folder.path, { recursive: true })
  await writeFile(join(folder.path, 'endpoints.json'), JSON.stringify(document, null, 2))
  stack = await startLocalStack({ folder: folder.path, args: ['--no-sample'] })
  const parsed = parseEndpoints([document])
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  for (const endpoint of parsed.endpoints.values()) endpoints.set(endpoint.tenantId, endpoint)
  sender = createSender({
    ingressUrl: stack.run.ingress,
    endpoints: endpoints.values(),
    connections: LOAD_TENANTS,
  })
})

afterAll(async () => {
  sender?.close()
  await stack?.stop()
  await folder.remove()
})

function endpointOf(name: string): Endpoint {
  const endpoint = endpoints.get(`tnt_${name}`)
  if (endpoint === undefined) throw new Error(`no endpoint ${name}`)
  return endpoint
}

function statusOf(answer: Answer): number | string {
  return answer.kind === 'answered' ? answer.status : answer.reason
}

async function inboxCount(tenant: string): Promise<bigint> {
  const text = `SELECT count(*) AS n FROM runtime.inbox WHERE tenant_id LIKE '${tenant}'`
  return (await selectOne(stack.run.database, text))?.n as bigint
}

interface Sent {
  readonly event: EventBody
  readonly bytes: Buffer
  readonly first: Answer
  readonly second: Answer
}

async function sendTwice(type: string, version: string, name: string): Promise<Sent> {
  const endpoint = endpointOf(name)
  const { tenantId, liveMode } = endpoint
  const sample = await sampleBody(type, version)
  const event = stamped(sample, { tenantId, liveMode, now: Date.now() })
  const bytes = Buffer.from(JSON.stringify(event))
  const first = await sender.sendBytes(endpoint, bytes)
  const second = await sender.sendBytes(endpoint, bytes)
  return { event, bytes, first, second }
}

describe('every golden sample, sent twice', () => {
  it('is where it should be, byte for byte, once in effect, for a client that is not ours', async () => {
    const sent: Sent[] = []
    for (const version of await sampleVersions()) {
      for (const type of await sampleTypes(version)) {
        sent.push(await sendTwice(type, version, 'sandbox'), await sendTwice(type, version, 'live'))
      }
    }
    expect(sent).toHaveLength(3 * 26 * 2)

    const tenants = ['tnt_sandbox', 'tnt_live']
    const partitions = await javaPartitions(tenants, 12)
    const partitionOf = new Map(partitions.map(({ key, partition }) => [key, partition]))
    const topics = ['sandbox', 'live'].flatMap((mode) =>
      HANDLED_DOMAINS.map((domain) => `qairopay.${mode}.${domain}`),
    )
    const read = await readAsStockClient(stack.run.kafka, stack.run.registry, topics)
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
      const schema = await registeredSchema(stack.run.registry, found?.schema_id ?? 0)
      expect(schema.namespace).toMatch(`.v${String(version).replaceAll('-', '_')}`)
    }

    const half = BigInt(sent.length / 2)
    await eventually(async () => (await inboxCount('tnt_sandbox')) === half, soon)
    await eventually(async () => (await inboxCount('tnt_live')) === half, soon)
    const histories = HANDLED_DOMAINS.map((domain) => `SELECT event_id FROM ${domain}.history`)
    const text = `SELECT count(*) AS rows, count(DISTINCT event_id) AS ids
      FROM (${histories.join(' UNION ALL ')}) h`
    const total = BigInt(sent.length)
    expect(await selectOne(stack.run.database, text)).toEqual({ rows: total, ids: total })
    const aside = 'SELECT count(*) AS n FROM runtime.set_aside'
    expect(await selectOne(stack.run.database, aside)).toEqual({ n: 0n })
  })
})

describe('a request that is no good', () => {
  it('gets its answer and its place', async () => {
    const endpoint = endpointOf('sandbox')
    const { tenantId, liveMode } = endpoint
    const sample = await sampleBody('card.created', '2026-05-19')
    const good = () => stamped(sample, { tenantId, liveMode, now: Date.now() })
    const signed: readonly (readonly [string, string, number, string])[] = [
      ['no JSON', 'nonsense', 202, 'malformed'],
      [
        'unknown version',
        JSON.stringify({ ...good(), api_version: '2031-01-01' }),
        202,
        'unknown_version',
      ],
      [
        'wrong type',
        JSON.stringify({ ...good(), data: { card: { id: 7 } } }),
        202,
        'schema_mismatch',
      ],
      [
        'foreign tenant',
        JSON.stringify({ ...good(), tenant_id: 'tnt_live' }),
        403,
        'tenant_mismatch',
      ],
      ['other mode', JSON.stringify({ ...good(), live_mode: true }), 403, 'mode_mismatch'],
    ]
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

    const hook = `${stack.run.ingress}/v1/hooks`
    const bare = { method: 'POST', body: '{}' }
    expect((await fetch(`${hook}/whk_sandbox`, bare)).status).toBe(400)
    expect(
      (
        await fetch(`${hook}/whk_nobody`, {
          ...bare,
          headers: { 'qairopay-signature': `t=1,v1=${'0'.repeat(64)}` },
        })
      ).status,
    ).toBe(404)
    expect((await fetch(`${hook}/whk_sandbox`)).status).toBe(405)
  })
})

const SEND_BY_HAND = `
T=$(date +%s)
V1=$(printf '%s.%s' "$T" "$BODY" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/.*= *//')
curl -sS -o /dev/null -w '%{http_code}' -X POST "$URL" \\
  -H 'content-type: application/json' -H "QairoPay-Signature: t=$T,v1=$V1" --data-binary "$BODY"
`

describe('a webhook signed with openssl and sent with curl', () => {
  it('is answered 200, and a stock Avro client reads it', async () => {
    const { tenantId, liveMode } = endpointOf('curl')
    const sample = await sampleBody('payout.completed', '2026-02-01')
    const event = stamped(sample, { tenantId, liveMode, now: Date.now() })
    const body = JSON.stringify(event)
    const { stdout } = await run('sh', ['-c', SEND_BY_HAND], {
      env: {
        PATH: processEnvironment().PATH,
        BODY: body,
        SECRET: 'whsec of curl',
        URL: `${stack.run.ingress}/v1/hooks/whk_curl`,
      },
    })
    expect(stdout).toBe('200')
    const topics = ['qairopay.sandbox.settlement']
    const read = await readAsStockClient(stack.run.kafka, stack.run.registry, topics)
    const found = read.find((record) => record.event.id === event.id)
    expect(found?.event.raw).toBe(Buffer.from(body).toString('base64'))
  })
})

describe('10,000 webhooks as fast as they go', () => {
  it('are all acknowledged, all on their topics, each in effect once, each tenant in order', async () => {
    const sample = await sampleBody('card.transaction.authorized', '2026-05-19')
    const expected: Record<string, string[]> = {}
    const statuses = new Map<number | string, number>()
    await Promise.all(
      loadNames.map(async (name) => {
        const endpoint = endpointOf(name)
        const { tenantId, liveMode } = endpoint
        const ids: string[] = []
        expected[tenantId] = ids
        for (let n = 0; n < EVENTS_PER_TENANT; n += 1) {
          const event = stamped(sample, { tenantId, liveMode, now: Date.now() })
          const answer = await sender.sendBytes(endpoint, Buffer.from(JSON.stringify(event)))
          statuses.set(statusOf(answer), (statuses.get(statusOf(answer)) ?? 0) + 1)
          ids.push(String(event.id))
        }
      }),
    )
    const total = LOAD_TENANTS * EVENTS_PER_TENANT
    expect(Object.fromEntries(statuses)).toEqual({ 200: total })

    await eventually(async () => (await inboxCount('tnt_load%')) >= BigInt(total), soon)
    const records = await readLog({ brokers: stack.run.kafka, topics: ['qairopay.sandbox.card'] })
    const onTopic = Object.fromEntries(
      Object.keys(expected).map((tenant) => {
        const own = records.filter(({ key }) => key === tenant)
        return [tenant, own.map(({ headers }) => headers.ce_id)]
      }),
    )
    expect(onTopic).toEqual(expected)
    const text = `SELECT json_object_agg(tenant_id, ids) AS ids FROM (
      SELECT tenant_id, json_agg(event_id ORDER BY record_offset) AS ids FROM card.history
      WHERE tenant_id LIKE 'tnt_load%' GROUP BY tenant_id) t`
    expect((await selectOne(stack.run.database, text))?.ids).toEqual(expected)
    expect(await inboxCount('tnt_load%')).toBe(BigInt(total))
  })
})

describe('the operator\u2019s door beside the running stack', () => {
  const cli = async (...args: string[]) => {
    const env = { ...processEnvironment(), LOCAL_DIR: folder.path }
    return await run('npm', ['run', '--silent', 'cli', '--', ...args], { env, timeout: 60_000 })
  }

  it('registers a second time and says that nothing changed', async () => {
    expect((await cli('schemas', 'register')).stdout).toContain('Nothing changed')
  })

  it('sends, prints the answers, and reads the same events back', async () => {
    const type = 'program.activated'
    const sent = await cli(
      'send',
      '--type',
      type,
      '--version',
      '2026-02-01',
      '--tenant',
      'tnt_curl',
      '--count',
      '3',
    )
    const ids = [...new Set(sent.stdout.match(/evt_[0-9A-Z]{26}/g))]
    expect(ids).toHaveLength(3)
    expect(sent.stdout).toContain('sent 3: 3 x 200')
    // Two types in three versions were sent above.
    const max = String(2 * 3 + ids.length)
    const domain = ['--mode', 'sandbox', '--domain', 'program']
    const read = await cli('tail', ...domain, '--from-beginning', '--max', max, '--json')
    const tailed = read.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event.id)
    expect(tailed).toEqual(expect.arrayContaining(ids))
  })

  it('lists the endpoints without their secrets', async () => {
    const { stdout } = await cli('endpoints', 'list')
    expect(stdout).toContain('tnt_sandbox')
    expect(stdout).not.toContain('whsec')
  })

  it('logs no secret and no word of a body', async () => {
    const names = ['ingress', ...HANDLED_DOMAINS.map((domain) => `consumer-${domain}`)]
    const logs = await Promise.all(
      names.map((name) => readFile(join(folder.path, 'logs', `${name}.log`), 'utf8')),
    )
    expect(logs.join('')).toContain('service.started')
    for (const word of ['whsec', 'Example Coffee House', '@example.com', 'nonsense']) {
      expect(logs.join('')).not.toContain(word)
    }
  })
})
