import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { complianceConsumer } from '#consumers/compliance/projection.ts'
import { passConsumer } from '#consumers/pass/projection.ts'
import { programConsumer } from '#consumers/program/projection.ts'
import type { DomainConsumer } from '#consumers/runtime/contract.ts'
import { settlementConsumer } from '#consumers/settlement/projection.ts'
import { domainOf } from '#core/routing.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body } from './stage.ts'
import { Stage, sample, VERSIONS } from './stage.ts'

const soon = { withinMs: 30_000 }
const services = new URL('../../../services/consumers/', import.meta.url)
const schemas = new URL('../../../schemas/', import.meta.url)

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Service {
  readonly child: ChildProcess
  lines(): readonly Record<string, unknown>[]
  management(): string | null
}

function startService(domain: string, settings: Readonly<Record<string, string>>): Service {
  const main = new URL(`${domain}/main.ts`, services)
  const { PATH = '' } = processEnvironment()
  const env = { PATH, MANAGEMENT_PORT: '0', ...settings }
  const child = spawn(process.execPath, [main.pathname], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  cleanups.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const lines = () =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const management = () => {
    const started = lines().find(({ event }) => event === 'service.started')
    return typeof started?.management === 'string' ? started.management : null
  }
  return { child, lines, management }
}

async function exitCode({ child }: Service): Promise<number | null> {
  if (child.exitCode === null) await once(child, 'exit')
  return child.exitCode
}

async function samplesOf(domain: DomainConsumer, tenant: string): Promise<readonly Body[]> {
  const bodies = VERSIONS.flatMap((version, v) =>
    readdirSync(new URL(`${version}/samples/`, schemas))
      .map((name) => name.replace(/\.json$/, ''))
      .filter((type) => domainOf(type) === domain.domain)
      .map(async (type) => {
        const body = await sample(version, type)
        return { ...body, id: `${body.id}_${v}`, tenant_id: tenant, live_mode: false }
      }),
  )
  return await Promise.all(bodies)
}

describe('the service of a domain', () => {
  it.each([cardConsumer, complianceConsumer, passConsumer, programConsumer, settlementConsumer])(
    '$domain: handles every sample of every version once and stops cleanly on SIGTERM',
    async (domain) => {
      const stage = await Stage.set(domain)
      cleanups.push(() => stage.clear())
      const service = startService(domain.domain, {
        KAFKA_BROKERS: inject('kafkaBrokers'),
        DATABASE_URL: inject('databaseUrl'),
        TOPIC_PREFIX: stage.prefix,
      })
      const bodies = await samplesOf(domain, stage.tenant)
      await stage.send([...bodies, ...bodies])
      const outcomes = await eventually(async () => {
        const found = await stage.outcomes()
        return found.length >= bodies.length ? found : null
      }, soon)
      expect(outcomes).toHaveLength(bodies.length)
      expect(outcomes.filter((line) => !/ (applied|stale) [a-z_,]+$/.test(line))).toEqual([])
      for (const { table, resource } of domain.resources) {
        const [row] = await stage.rows(
          `SELECT count(*) AS n, count(DISTINCT ${resource}_id) AS ids
             FROM ${domain.domain}.${table} WHERE tenant_id = $1`,
          [stage.tenant],
        )
        expect(row?.n).toBe(row?.ids)
        expect(row?.n).toBeGreaterThan(0n)
      }
      const ready = await eventually(async () => {
        const answer = await fetch(`${service.management()}/readyz`)
        return answer.status === 200 ? answer : null
      }, soon)
      expect(await ready.json()).toEqual({ ready: true, problems: {} })
      const metrics = await (await fetch(`${service.management()}/metrics`)).text()
      expect(metrics).toMatch(/consumer_records_total\{.*outcome="applied".*\} \d+/)
      service.child.kill('SIGTERM')
      expect(await exitCode(service)).toBe(0)
      expect(service.lines().map(({ event }) => event)).toContain('shutdown.done')
    },
  )

  it('does nothing twice when it is stopped beyond its session, replaced, and continued', async () => {
    const stage = await Stage.set(cardConsumer)
    cleanups.push(() => stage.clear())
    const settings = {
      KAFKA_BROKERS: inject('kafkaBrokers'),
      DATABASE_URL: inject('databaseUrl'),
      TOPIC_PREFIX: stage.prefix,
      BATCH_MAX_RECORDS: '10',
    }
    const body = await sample('2026-05-19', 'card.transaction.authorized')
    const wave = (from: number) =>
      Array.from({ length: 2000 }, (_, i) => ({
        ...body,
        id: `evt_${from + i}`,
        tenant_id: `${stage.tenant}${i % 20}`,
      }))
    const zombie = startService('card', settings)
    await stage.send(wave(0))
    await eventually(async () => (await stage.outcomes()).length > 50, soon)
    zombie.child.kill('SIGSTOP')
    const heir = startService('card', settings)
    await stage.send(wave(2000))
    await eventually(async () => (await stage.outcomes()).length === 4000, { withinMs: 60_000 })
    zombie.child.kill('SIGCONT')
    await stage.send(wave(4000))
    await eventually(async () => (await stage.outcomes()).length === 6000, { withinMs: 60_000 })
    const [row] = await stage.rows(
      'SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM card.history WHERE topic = $1',
      [stage.topic()],
    )
    expect(row).toEqual({ n: 6000n, ids: 6000n })
    for (const service of [zombie, heir]) {
      service.child.kill('SIGTERM')
      expect(await exitCode(service)).toBe(0)
    }
  })

  it('says in one line every setting that cannot be used, and ends', async () => {
    const service = startService('card', { MODES: 'production', DATABASE_POOL_SIZE: '0' })
    expect(await exitCode(service)).toBe(78)
    const [line] = service.lines()
    const problems = JSON.stringify(line?.problems)
    for (const name of ['KAFKA_BROKERS', 'DATABASE_URL', 'MODES', 'DATABASE_POOL_SIZE']) {
      expect(problems).toContain(name)
    }
  })

  it('stops within its deadline while Kafka and Postgres are away', async () => {
    const service = startService('card', {
      KAFKA_BROKERS: '127.0.0.1:1',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    })
    const problems = await eventually(async () => {
      const answer = await fetch(`${service.management()}/readyz`)
      const { problems } = (await answer.json()) as { problems: Record<string, string> }
      return answer.status === 503 && 'database' in problems && 'catalogue' in problems
    }, soon)
    expect(problems).toBe(true)
    expect((await fetch(`${service.management()}/livez`)).status).toBe(200)
    service.child.kill('SIGTERM')
    expect(await exitCode(service)).toBe(0)
  })
})
