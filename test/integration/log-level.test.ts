import { afterEach, describe, expect, inject, it } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import { eventually } from '../fixtures/eventually.ts'
import { ServiceProcess } from '../fixtures/service-process.ts'
import { IngressStage, newEndpoint, nowSeconds, post, sampleFor } from './ingress/stage.ts'

const soon = { withinMs: 60_000 }
const SECRET = 'whsec_canary_of_the_secret'
const CARD_NUMBER = '4111111111111111'

const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function started(room: string, settings: Readonly<Record<string, string>>) {
  const service = await ServiceProcess.start(room, settings, ['--log-level', 'info'])
  cleanups.push(() => service.kill())
  return service
}

async function changed(service: ServiceProcess, body: unknown) {
  return await fetch(`${service.management}/log-level`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** An ingress and a consumer of cards. */
async function pair() {
  const secrets = [{ id: 'k1', value: SECRET }]
  const stage = await IngressStage.set({ endpoints: [newEndpoint({ secrets })] })
  cleanups.push(() => stage.stop())
  // The argument stands over the variable, or nothing would be seen of the start.
  const settings = { KAFKA_BROKERS: stage.brokers, TOPIC_PREFIX: stage.prefix, LOG_LEVEL: 'fatal' }
  const { endpointsFile: ENDPOINTS_FILE, endpoint } = stage
  const own = { ENDPOINTS_FILE, INGRESS_PORT: '0', CARD_NUMBERS: 'quarantine' }
  const ingress = await started('ingress', { ...settings, ...own })
  const DATABASE_URL = inject('databaseUrl')
  const consumer = await started('consumers/card', { ...settings, DATABASE_URL })
  await Promise.all([ingress.ready(), consumer.ready()])
  const send = async (body: string, secret = SECRET, headers: Record<string, string> = {}) => {
    const bytes = Buffer.from(body)
    const signature = signatureHeader(secret, bytes, nowSeconds())
    const url = `${ingress.url}/v1/hooks/${endpoint.id}`
    const answer = await post(url, bytes, { 'QairoPay-Signature': signature, ...headers })
    return { answer, signature: /v1=(\w+)/.exec(signature)?.[1] ?? '' }
  }
  return { stage, ingress, consumer, send }
}

describe('the level of a service that runs', () => {
  it('is raised through the management port, falls back by itself, and is seen both times', async () => {
    const { stage, ingress, consumer, send } = await pair()
    const event = () => sampleFor(stage.endpoint)
    expect((await send(await event())).answer.status).toBe(200)
    for (const service of [ingress, consumer]) {
      const answer = await changed(service, { level: 'debug', for_seconds: 3 })
      expect(await answer.json()).toMatchObject({ level: 'debug', configured: 'info' })
    }
    const body = await event()
    await send(body)
    const { id } = JSON.parse(body)
    const line = (service: ServiceProcess, name: string) =>
      service.lines(name).find(({ event_id }) => event_id === id)
    await eventually(() => line(ingress, 'webhook.received'), soon)
    await eventually(() => line(consumer, 'record.processed'), soon)
    for (const service of [ingress, consumer]) {
      await eventually(() => service.lines('log_level.changed').length === 2, soon)
      expect(service.lines('log_level.changed')).toMatchObject([
        { level: 'warn', from: 'info', to: 'debug', by: '127.0.0.1', for_seconds: 3 },
        { level: 'warn', from: 'debug', to: 'info', by: 'time' },
      ])
      expect((await changed(service, { level: 'warn' })).status).toBe(400)
    }
    const count = ingress.lines('webhook.received').length
    await send(await event())
    expect(ingress.lines('webhook.received')).toHaveLength(count)
  })

  it('reveals no secret, signature, body or personal data, even at trace', async () => {
    const { stage, ingress, consumer, send } = await pair()
    for (const service of [ingress, consumer]) await changed(service, { level: 'trace' })
    const sample = JSON.parse(await sampleFor(stage.endpoint))
    const data = { ...sample.data, email: 'canary@example.com', note: 'canary_note' }
    const secretly = { cookie: 'canary_cookie', authorization: 'Bearer canary_token' }
    const sent = [
      await send(JSON.stringify({ ...sample, data }), SECRET, secretly),
      await send(JSON.stringify({ ...sample, data }), 'canary_wrong_secret', secretly),
      await send(JSON.stringify({ ...sample, data, api_version: '2031-01-01' })),
      await send(JSON.stringify({ ...sample, id: `${sample.id}X`, data: { pan: CARD_NUMBER } })),
      await send('canary_no_json'),
      await send(JSON.stringify({ ...sample, tenant_id: 'tnt_canary_other' })),
    ]
    expect(sent[0]?.answer.status).toBe(200)
    const handled = () => consumer.lines('record.processed').length > 0
    await eventually(handled, soon)
    const metrics = await Promise.all(
      [ingress, consumer].map(async ({ management }) =>
        (await fetch(`${management}/metrics`)).text(),
      ),
    )
    const told = [ingress.output, consumer.output, ...metrics].join('\n')
    const hidden = [SECRET, 'canary', CARD_NUMBER, ...sent.map(({ signature }) => signature)]
    expect(hidden.filter((each) => told.includes(each))).toEqual([])
    expect(ingress.lines('webhook.received')).toHaveLength(sent.length)
  })
})
