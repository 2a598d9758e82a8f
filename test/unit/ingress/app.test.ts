import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
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
    settings,
    draining: () => false,
    tracing: null,
  })
  const post = async () => {
    const answer = await app.inject({ method: 'POST', url: '/v1/hooks/whk_1', payload: '{}' })
    return { status: answer.statusCode, text: answer.body, headers: answer.headers }
  }
  return { receiver, lines, post }
}

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
