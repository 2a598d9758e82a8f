import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { parseEndpoints } from '#ingress/endpoints.ts'
import { eventBody, sampleEvent, stamped } from '#local/samples.ts'
import { createSender, recordCoordinate } from '#local/sender.ts'

interface Received {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let server: Server | null = null

async function ingress(answer: (response: ServerResponse) => void) {
  const received: Received[] = []
  const listening = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      received.push({ url: request.url ?? '', headers: request.headers, body })
      answer(response)
    })
  })
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, received }
}

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = null
})

const parsed = parseEndpoints([
  {
    endpoints: [
      { id: 'whk_0', tenant_id: 'tnt_1', live_mode: false, enabled: false, secrets: [] },
      {
        id: 'whk_1',
        tenant_id: 'tnt_1',
        live_mode: false,
        secrets: [{ id: 'k', value: 'sécret' }],
      },
    ],
  },
])
if (!parsed.ok) throw new Error(parsed.problems.join())
const endpoints = [...parsed.endpoints.values()]
const EVENT = { id: 'evt_1', tenant_id: 'tnt_1' }

describe('the sender', () => {
  it('posts to the tenant’s enabled endpoint, signed over the very bytes it sends', async () => {
    const { url, received } = await ingress((response) => response.end('ok'))
    const sender = createSender({ ingressUrl: `${url}/`, endpoints, now: () => 1_780_000_000_999 })
    await sender.send(EVENT)
    sender.close()
    const [post] = received
    const digest = createHmac('sha256', 'sécret').update(`1780000000.${post?.body}`).digest('hex')
    expect(post?.url).toBe('/v1/hooks/whk_1')
    expect(post?.headers['qairopay-signature']).toBe(`t=1780000000,v1=${digest}`)
    expect(JSON.parse(post?.body ?? '')).toEqual(EVENT)
  })

  it('returns status, body and place of the answer', async () => {
    const { url } = await ingress((response) =>
      response
        .writeHead(202, { 'x-event-router-record': 'qairopay.sandbox.quarantine/4/12' })
        .end('{"received":true}'),
    )
    const sender = createSender({ ingressUrl: url, endpoints })
    expect(await sender.send(EVENT)).toMatchObject({
      kind: 'answered',
      status: 202,
      body: '{"received":true}',
      at: { topic: 'qairopay.sandbox.quarantine', partition: 4, offset: '12' },
    })
    sender.close()
  })

  it('says that nobody answered', async () => {
    const sender = createSender({ ingressUrl: 'http://127.0.0.1:9', endpoints })
    expect(await sender.send(EVENT)).toMatchObject({ kind: 'unanswered', reason: 'ECONNREFUSED' })
    sender.close()
  })

  it('says that an answer broke off', async () => {
    const { url } = await ingress((response) => response.destroy())
    const sender = createSender({ ingressUrl: url, endpoints })
    expect(await sender.send(EVENT)).toMatchObject({ kind: 'unanswered', reason: 'ECONNRESET' })
    sender.close()
  })

  it('refuses an event of a tenant without an endpoint', async () => {
    const sender = createSender({ ingressUrl: 'http://127.0.0.1:9', endpoints })
    await expect(sender.send({ tenant_id: 'tnt_2' })).rejects.toThrow(/no enabled endpoint/)
    sender.close()
  })

  it.each(['', 'topic', 'topic/x/1', 'a/b/1/2'])('reads no place from %j', (header) => {
    expect(recordCoordinate(header)).toBeNull()
  })
})

describe('the samples', () => {
  it('get an id, a time, a tenant and a mode of their own', async () => {
    const choice = { type: 'card.transaction.authorized', version: '2026-05-19' }
    const stamp = { tenantId: 'tnt_9', liveMode: true, now: 0 }
    const [one, two] = [
      await sampleEvent({ ...choice, ...stamp }),
      await sampleEvent({ ...choice, ...stamp }),
    ]
    expect(one).toMatchObject({
      type: 'card.transaction.authorized',
      api_version: '2026-05-19',
      created: '1970-01-01T00:00:00.000Z',
      tenant_id: 'tnt_9',
      live_mode: true,
    })
    expect(one.id).not.toBe(two.id)
  })

  it('keep every digit of a large amount', () => {
    const event = eventBody('{"data":{"amount_cents":9007199254740993}}')
    const sent = stamped(event ?? {}, { tenantId: 'tnt_1', liveMode: false, now: 0 })
    expect(JSON.stringify(sent)).toContain('"amount_cents":9007199254740993')
  })

  it.each(['[]', 'null', '1', '{'])('are not made from %j', (text) => {
    expect(eventBody(text)).toBeNull()
  })
})
