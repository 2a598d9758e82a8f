import { Registry } from 'prom-client'
import { expect, it, onTestFinished } from 'vitest'
import { freePort } from '#local/parts/ports.ts'
import { StackReadiness } from '#local/stack-readiness.ts'
import { listenManagement, managementApp } from '#platform/http/management.ts'

function plan(name: string, managementPort: number) {
  return { name, args: [], env: {}, managementPort, stopGraceMs: 0 }
}

async function service(problem: string | null): Promise<number> {
  const checks = [{ name: 'kafka', problem: () => problem }]
  const app = managementApp({ metrics: new Registry(), checks })
  onTestFinished(() => app.close())
  return Number(new URL(await listenManagement(app, '127.0.0.1', 0)).port)
}

it('is not there before the services have been asked', () => {
  expect(new StackReadiness(undefined).check().problem()).toContain('is starting')
})

it('is there when every service says so', async () => {
  const readiness = new StackReadiness(undefined)
  await readiness.follow([plan('ingress', await service(null))])
  expect(readiness.check().problem()).toBeNull()
})

it('names every service that is not ready, with what it says itself', async () => {
  const readiness = new StackReadiness(undefined)
  await readiness.follow([
    plan('ingress', await service('is away')),
    plan('consumer-card', await service(null)),
    plan('consumer-pass', await freePort()),
  ])
  expect(readiness.check().problem()).toBe('ingress: kafka is away; consumer-pass: does not answer')
})

it('is gone from the moment of a stop', async () => {
  const ended = new AbortController()
  const readiness = new StackReadiness(ended.signal)
  await readiness.follow([plan('ingress', await service(null))])
  ended.abort()
  expect(readiness.check().problem()).toBe('is stopping')
})
