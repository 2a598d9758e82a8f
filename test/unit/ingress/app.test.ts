import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ingressApp } from '#ingress/app.ts'
import { BodyIntake } from '#ingress/body-intake.ts'
import { ingressMetrics } from '#ingress/metrics.ts'
import type { ReceiverOptions } from '#ingress/receiver.ts'
import { Receiver } from '#ingress/receiver.ts'
import { RecentEvents } from '#ingress/recent-events.ts'
import { Report } from '#ingress/report.ts'
import { compileRoutes } from '#ingress/routes.ts'
import type { IngressSettings } from '#ingress/settings.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { createLogger } from '#platform/log.ts'
import type { SpanFacts, Tracing } from '#platform/traces.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { USUAL_RECEIVER } from './receiver-options.ts'

const SECRET_WORDS = 'password of somebody'

interface StageOptions {
  /** Beyond what an operator may set: in tests nobody waits for minutes. */
  readonly settings?: Partial<IngressSettings>
  readonly tracing?: Tracing
  readonly identify?: ReceiverOptions['identify']
}

function stage(options: StageOptions = {}) {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  const log = createLogger({ service: 'ingress', level: 'debug', destination: { write } })
  const environment = { KAFKA_BROKERS: '127.0.0.1:1', ENDPOINTS_FILE: '/nowhere' }
  const settings = { ...loadSettings(INGRESS_SETTINGS, environment), ...options.settings }
  const receiver = new Receiver({
    ...USUAL_RECEIVER,
    identify: options.identify ?? (() => Promise.reject(new TypeError(SECRET_WORDS))),
    committer: { submit: () => Promise.reject(new Error('unused')) },
    recent: new RecentEvents(1),
    table: () => compileRoutes([], 'prefix', () => null),
    leaseHeld: () => false,
  })
  const levels = {
    queueRecords: () => 0,
    queueBytes: () => 0,
    brokenEntries: () => 0,
    leaseHeld: () => false,
    versionStates: () => [],
    limits: settings,
    pressure: () => 0,
    waitingTenants: () => 0,
    limitedTenants: () => 0,
    requests: () => 0,
    bodyBytes: () => 0,
    lateMs: () => 0,
  }
  const report = new Report(log, ingressMetrics(new Registry(), levels), Date.now)
  const intake = new BodyIntake({ bodyBytes: 1024, budgetBytes: 1024 * 1024 }, Date.now)
  const app = ingressApp({
    receiver,
    intake,
    report,
    knows: () => false,
    settings,
    draining: () => false,
    tracing: options.tracing ?? null,
  })
  const post = async () => {
    const answer = await app.inject({ method: 'POST', url: '/v1/hooks/whk_1', payload: '{}' })
    return { status: answer.statusCode, text: answer.body, headers: answer.headers }
  }
  const answered = () =>
    lines.filter((line) => line.includes('"webhook.received"')).map((line) => JSON.parse(line))
  return { receiver, lines, post, app, answered }
}

/** Sends bytes, then ends as told; resolves with what came back when the ingress has let go. */
async function converse(
  app: FastifyInstance,
  bytes: string,
  ending: 'half' | 'gone' | 'reset' | 'none',
) {
  const { port } = app.server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1' })
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString()
  })
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => socket.write(bytes, () => resolve()))
  if (ending === 'half') socket.end()
  if (ending === 'gone') setTimeout(() => socket.destroy(), 50)
  if (ending === 'reset') setTimeout(() => socket.resetAndDestroy(), 50)
  await new Promise((resolve) => socket.once('close', resolve))
  await eventually(async () => (await connectionsOf(app)) === 0, { withinMs: 5000 })
  return text
}

function connectionsOf({ server }: FastifyInstance): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
}

describe('a request that never becomes whole', () => {
  const head = 'POST /v1/hooks/whk_1 HTTP/1.1\r\nHost: a\r\n'
  const half = `${head}Content-Length: 100\r\n\r\n{"a":`

  it.each([
    ['its caller ends its side', half, 'half', 408],
    ['its caller goes away', half, 'gone', 408],
    ['its head ends in the middle', head, 'half', 408],
    ['its chunks are none', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 'none', 400],
    ['it was refused unread', half.replace('100', '2000'), 'half', 413],
  ] as const)('is answered and counted once: %s', async (_name, bytes, ending, status) => {
    const { app, answered } = stage()
    await app.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => app.close())
    const text = await converse(app, bytes, ending)
    expect(answered().map((line) => line.status)).toEqual([status])
    if (ending !== 'gone') expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(text.split('HTTP/1.1').length).toBe(ending === 'gone' ? 1 : 2)
  })
})

class RecordedTracing implements Tracing {
  begun = 0
  readonly ended: SpanFacts[] = []

  begin() {
    this.begun += 1
    const end = (facts: SpanFacts) => void this.ended.push(facts)
    return { traceparent: '', child: () => undefined, end }
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }
}

describe('the span of a request', () => {
  const head = 'POST /v1/hooks/whk_1 HTTP/1.1\r\nHost: a\r\n'
  const whole = `${head}Content-Length: 2\r\n\r\n{}`

  it.each([
    ['whose caller goes in the middle of the body', whole.replace('2', '9'), 'gone'],
    ['whose connection breaks in the middle of the body', whole.replace('2', '9'), 'reset'],
    ['whose caller ends its side too early', whole.replace('2', '9'), 'half'],
    ['whose chunks are none', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 'none'],
    ['that was refused unread', whole.replace('2', '2000'), 'half'],
    ['that was answered', whole, 'half'],
  ] as const)('%s ends once', async (_name, bytes, ending) => {
    const tracing = new RecordedTracing()
    const { app } = stage({ tracing })
    await app.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => app.close())
    await converse(app, bytes, ending)
    await eventually(() => tracing.ended.length > 0, { withinMs: 5000 })
    expect([tracing.begun, tracing.ended.length]).toEqual([1, 1])
  })

  it('tells how it ended also when the caller had gone by then', async () => {
    const tracing = new RecordedTracing()
    const asked = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const identify = async () => {
      asked.resolve()
      await gone.promise
      const known = { endpoint: null, secretId: null, limit: null }
      return { kind: 'refused', code: 'invalid_signature', ...known } as const
    }
    const { app } = stage({ tracing, identify })
    await app.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => app.close())
    const { port } = app.server.address() as AddressInfo
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(whole))
    await asked.promise
    socket.resetAndDestroy()
    await eventually(async () => (await connectionsOf(app)) === 0, { withinMs: 5000 })
    expect(tracing.ended).toEqual([])
    gone.resolve()
    await eventually(() => tracing.ended.length > 0, { withinMs: 5000 })
    expect(tracing.ended).toMatchObject([{ outcome: 'refused', reason: 'invalid_signature' }])
  })
})

describe('a connection on which nothing moves', () => {
  it('is cut after CONNECTION_TIMEOUT_MS, also when nobody reads its answers', async () => {
    const { app } = stage({ settings: { connectionTimeoutMs: 300, maxRequestsPerSocket: 0 } })
    await app.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => app.close())
    const { port } = app.server.address() as AddressInfo
    const socket = connect({ port, host: '127.0.0.1' })
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => undefined).pause()
    const ask = 'GET /v1/hooks/whk_1 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1000)
    // Until its answers fill what the kernel holds for both sides.
    while (socket.writableLength < 1024 * 1024) {
      if (!socket.write(ask)) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await connectionsOf(app)).toBe(1)
    await eventually(async () => (await connectionsOf(app)) === 0, { withinMs: 10_000 })
  })
})

describe('an exception that nobody thought of', () => {
  it('is answered 500 and logged by its class and place, never by its words', async () => {
    const { lines, post } = stage()
    const { status, text } = await post()
    expect([status, JSON.parse(text).error.code]).toEqual([500, 'internal'])
    expect(lines.join('')).toContain('"error":"TypeError"')
    for (const said of [text, ...lines]) expect(said).not.toContain(SECRET_WORDS)
    expect(text).not.toMatch(/\bat |\.ts/)
  })
})

describe('an ingress whose time to drain is over', () => {
  it('refuses with 503 before the body is read', async () => {
    const { receiver, post } = stage()
    receiver.close()
    const { status, text, headers } = await post()
    expect([status, JSON.parse(text).error.code]).toEqual([503, 'draining'])
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  })
})
