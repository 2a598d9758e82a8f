import { Counter } from 'prom-client'
import { afterEach, describe, expect, it } from 'vitest'
import type { ManagementOptions } from '#platform/http/management.ts'
import { listenManagement, managementApp, readiness } from '#platform/http/management.ts'
import { createLogger } from '#platform/log.ts'
import { LogLevel } from '#platform/log-level.ts'
import { createMetrics } from '#platform/metrics.ts'

const fine = { name: 'kafka', problem: () => null }
const broken = { name: 'endpoints', problem: () => 'not read yet' }

let app: ReturnType<typeof managementApp> | null = null

function started(options: Partial<ManagementOptions>) {
  app = managementApp({ metrics: createMetrics('ingress'), checks: [], ...options })
  return app
}

async function get(path: string, options: Partial<ManagementOptions> = {}) {
  return await started(options).inject({ method: 'GET', url: path })
}

afterEach(async () => {
  await app?.close()
  app = null
})

describe('liveness', () => {
  it('asks nothing of the world: a process without Kafka is alive', async () => {
    const answer = await get('/livez', { checks: [broken] })
    expect([answer.statusCode, answer.json()]).toEqual([200, { live: true, problem: null }])
  })

  it('ends when the process itself makes no progress', async () => {
    const answer = await get('/livez', { stalled: () => 'no fetch for 25 s' })
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toEqual({ live: false, problem: 'no fetch for 25 s' })
  })
})

describe('readiness', () => {
  it('is there when every check holds', async () => {
    const answer = await get('/readyz', { checks: [fine] })
    expect([answer.statusCode, answer.json()]).toEqual([200, { ready: true, problems: {} }])
  })

  it('names every problem in one look', async () => {
    const other = { name: 'catalogue', problem: () => 'empty' }
    const answer = await get('/readyz', { checks: [broken, fine, other] })
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toEqual({
      ready: false,
      problems: { endpoints: 'not read yet', catalogue: 'empty' },
    })
  })

  it('is asked anew each time', () => {
    let problem: string | null = 'x'
    const checks = [{ name: 'kafka', problem: () => problem }]
    expect(readiness(checks).ready).toBe(false)
    problem = null
    expect(readiness(checks)).toEqual({ ready: true, problems: {} })
  })
})

describe('metrics', () => {
  it('are those of this process alone, in the text that Prometheus reads', async () => {
    const metrics = createMetrics('ingress')
    new Counter({ name: 'events_total', help: 'Events.', registers: [metrics] }).inc(3)
    const answer = await get('/metrics', { metrics })
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=/)
    expect(answer.body).toContain('events_total{service="ingress"} 3')
    expect(answer.body).toContain('nodejs_eventloop_lag_seconds')
    expect(await createMetrics('ingress').metrics()).not.toContain('events_total')
  })

  it('say which condition of readiness does not hold, at the time of asking', async () => {
    const metrics = createMetrics('ingress')
    const { body } = await get('/metrics', { metrics, checks: [fine, broken] })
    expect(body).toContain('service_readiness_problem{check="kafka",service="ingress"} 0')
    expect(body).toContain('service_readiness_problem{check="endpoints",service="ingress"} 1')
  })
})

describe('the level of the log', () => {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)

  function logged(level = 'info') {
    lines.length = 0
    const log = createLogger({ service: 'ingress', level, destination: { write } })
    return { log, app: started({ logLevel: new LogLevel(log) }) }
  }

  it('is shown, and changed for as long as was asked for', async () => {
    const { log, app: own } = logged()
    const before = await own.inject({ method: 'GET', url: '/log-level' })
    expect(before.json()).toEqual({ level: 'info', configured: 'info', until: null })
    const payload = { level: 'debug', for_seconds: 60 }
    const answer = await own.inject({ method: 'PUT', url: '/log-level', payload })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({ level: 'debug', until: expect.any(String) })
    expect(log.isLevelEnabled('debug')).toBe(true)
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'log_level.changed', from: 'info', to: 'debug', for_seconds: 60, by: '127.0.0.1' },
    ])
  })

  it.each([
    ['no JSON', '{"level":'],
    ['an unknown level', { level: 'loud' }],
    ['a quieter level', { level: 'error' }],
    ['no level', {}],
    ['something else besides', { level: 'debug', secret: 'canary' }],
    ['half a second', { level: 'debug', for_seconds: 0.5 }],
    ['no time at all', { level: 'debug', for_seconds: 0 }],
    ['more than an hour', { level: 'debug', for_seconds: 3601 }],
    ['a list', [{ level: 'debug' }]],
    ['a kilobyte', { level: 'debug', padding: 'x'.repeat(1024) }],
  ])('stays as it is when asked for %s', async (_, payload) => {
    const { log, app: own } = logged()
    const headers = { 'content-type': 'application/json' }
    const answer = await own.inject({ method: 'PUT', url: '/log-level', payload, headers })
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.statusCode).toBeLessThan(500)
    expect(answer.json().problem).toEqual(expect.any(String))
    expect(answer.body).not.toContain('canary')
    expect([log.level, lines]).toEqual(['info', []])
  })

  it('has no path where it cannot be changed', async () => {
    expect((await get('/log-level')).statusCode).toBe(404)
  })
})

describe('the management port', () => {
  it('answers nothing else', async () => {
    expect((await get('/')).statusCode).toBe(404)
    const posted = await started({}).inject({ method: 'POST', url: '/livez' })
    expect(posted.statusCode).toBe(404)
  })

  it('listens on a free port and says where', async () => {
    const address = await listenManagement(started({}), '127.0.0.1', 0)
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await fetch(`${address}/livez`)).status).toBe(200)
  })
})
