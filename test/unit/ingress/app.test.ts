import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ingressApp } from '#ingress/app.ts'
import { BodyIntake } from '#ingress/body-intake.ts'
import { ingressMetrics } from '#ingress/metrics.ts'
import { Receiver } from '#ingress/receiver.ts'
import { RecentEvents } from '#ingress/recent-events.ts'
import { Report } from '#ingress/report.ts'
import { compileRoutes } from '#ingress/routes.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../fixtures/eventually.ts'

const SECRET_WORDS = 'password of somebody'

function stage() {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  const log = createLogger({ service: 'ingress', level: 'debug', destination: { write } })
  const settings = loadSettings(INGRESS_SETTINGS, {
    KAFKA_BROKERS: '127.0.0.1:1',
    ENDPOINTS_FILE: '/nowhere',
  })
  const receiver = new Receiver({
    identify: () => Promise.reject(new TypeError(SECRET_WORDS)),
    committer: { submit: () => Promise.reject(new Error('unused')) },
    admission: { ofRequest: () => null, ofEvent: () => null, ofWebhook: () => null },
    recent: new RecentEvents(1),
    table: () => compileRoutes([], 'prefix', () => null),
    leaseHeld: () => false,
    jsonDepth: 64,
    staleSignature: 'quarantine',
    cardNumbers: 'count',
    takesCalls: () => false,
    answerCall: () => Promise.reject(new Error('unused')),
    now: Date.now,
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
    tracing: null,
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
async function converse(app: FastifyInstance, bytes: string, ending: 'half' | 'gone' | 'none') {
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
