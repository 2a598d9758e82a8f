import { Counter } from 'prom-client'
import { afterEach, describe, expect, it } from 'vitest'
import type { ManagementOptions } from '#platform/http/management.ts'
import { listenManagement, managementApp, readiness } from '#platform/http/management.ts'
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
