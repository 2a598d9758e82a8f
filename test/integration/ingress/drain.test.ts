import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { ServiceProcess } from '../../fixtures/service-process.ts'
import { IngressStage, nowSeconds, sampleFor } from './stage.ts'

const soon = { withinMs: 30_000 }
const DELAY_MS = 1500
const DEADLINE_MS = 5000
/** Connections to Kafka, traces and the management port, on a busy machine. */
const REST_MS = 4000

async function ingress(): Promise<{ stage: IngressStage; service: ServiceProcess }> {
  const stage = await IngressStage.set()
  onTestFinished(() => stage.stop())
  const service = await ServiceProcess.start('ingress', {
    KAFKA_BROKERS: stage.brokers,
    TOPIC_PREFIX: stage.prefix,
    ENDPOINTS_FILE: stage.endpointsFile,
    INGRESS_PORT: '0',
    DRAIN_DELAY_MS: String(DELAY_MS),
    DRAIN_DEADLINE_MS: String(DEADLINE_MS),
  })
  onTestFinished(() => service.kill())
  await service.ready()
  return { stage, service }
}

/** A connection of one request, sent as it pleases. */
class SlowClient {
  readonly #socket: Socket
  text = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      this.text += chunk.toString()
    })
    socket.on('error', () => undefined)
  }

  static async connect(url: string): Promise<SlowClient> {
    const { port, hostname } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    onTestFinished(() => void socket.destroy())
    return new SlowClient(socket)
  }

  send(text: string): void {
    this.#socket.write(text)
  }

  get closed(): boolean {
    return this.#socket.closed
  }

  get status(): number {
    return Number(this.text.split(' ')[1])
  }
}

async function request({ endpoint }: IngressStage, type?: string) {
  const body = await sampleFor(endpoint, type)
  const signature = signatureHeader(
    endpoint.secrets[0]?.value ?? '',
    Buffer.from(body),
    nowSeconds(),
  )
  const head = [
    `POST /v1/hooks/${endpoint.id} HTTP/1.1`,
    'Host: a',
    `QairoPay-Signature: ${signature}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return { head: `${head.join('\r\n')}\r\n\r\n`, body }
}

describe('an ingress that is asked to stop', () => {
  it('answers what still comes with connection: close, whatever the answer', async () => {
    const { stage, service } = await ingress()
    const good = await request(stage)
    const clients = await Promise.all(
      [
        `${good.head}${good.body}`,
        `POST /v1/hooks/${stage.endpoint.id} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}`,
        'GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n',
        'GET /v1/hooks/x HTTP/1.1\r\nHost: a\r\n\r\n',
        'nonsense\r\n\r\n',
      ].map(async (bytes) => ({ bytes, client: await SlowClient.connect(service.url) })),
    )
    service.signal('SIGTERM')
    await eventually(async () => (await service.problems())?.draining === 'is stopping', soon)
    expect(await service.live()).toBe(true)
    for (const { bytes, client } of clients) client.send(bytes)
    await eventually(() => clients.every(({ client }) => client.closed), soon)
    expect(clients.map(({ client }) => client.status)).toEqual([200, 400, 404, 405, 400])
    for (const { client } of clients) expect(client.text).toMatch(/\r\nconnection: close\r\n/i)
    expect(await service.ended()).toBe(0)
  })

  it('ends in time with half-sent requests and slow clients, serves those that come to an end, and takes a second SIGTERM for the same', async () => {
    const { stage, service } = await ingress()
    const slow = await SlowClient.connect(service.url)
    const late = await request(stage)
    slow.send(`${late.head}${late.body.slice(0, 100)}`)
    const stuck = await Promise.all(
      ['POST /v1/hooks/x HT', late.head, `${late.head}{`, ''].map(async (bytes) => {
        const client = await SlowClient.connect(service.url)
        client.send(bytes)
        return client
      }),
    )
    const dripping = stuck[2]
    const drip = setInterval(() => dripping?.send(' '), 200)
    onTestFinished(() => clearInterval(drip))
    const begun = performance.now()
    service.signal('SIGTERM')
    setTimeout(() => service.signal('SIGTERM'), 200)
    await eventually(async () => (await service.problems())?.draining === 'is stopping', soon)
    // Beyond the delay, when nothing new is taken any more.
    await pause(DELAY_MS + 500)
    slow.send(late.body.slice(100))
    await eventually(() => slow.closed, soon)
    expect([slow.status, slow.text]).toEqual([200, expect.stringMatching(/connection: close/i)])
    expect(await service.ended()).toBe(0)
    expect(performance.now() - begun).toBeLessThan(DELAY_MS + DEADLINE_MS + REST_MS)
    expect(stuck.every(({ text }) => text === '' || / 408 /.test(text))).toBe(true)
    const said = service.lines().filter(({ event }) => String(event).startsWith('shutdown.'))
    expect(said).toMatchObject([
      { event: 'shutdown.begun', reason: 'SIGTERM' },
      { event: 'shutdown.going_on', reason: 'SIGTERM' },
      { event: 'shutdown.done', clean: true },
    ])
  })
})
