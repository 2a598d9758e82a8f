import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { DOMAINS, recordName } from '#core/routing.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import { startControlTail } from '#platform/kafka/control-tail.ts'
import { createLogger } from '#platform/log.ts'
import { RegistryClient } from '#platform/registry/registry-client.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { IngressStage, newEndpoint, sampleFor } from '../ingress/stage.ts'
import { QuarantineStage } from '../quarantine/stage.ts'
import { versionFolder } from './stage.ts'

const VERSION = '2032-03-03'
const SETTINGS = { CATALOGUE_LEASE_MS: '2000', RECORD_DEADLINE_MS: '1000' }
const HEARD_WITHIN_MS = 2000
const log = createLogger({ service: 'test', level: 'silent' })
const endpoint = newEndpoint()
const live = newEndpoint({ live_mode: true })

let stage: QuarantineStage
let folder: string

beforeAll(async () => {
  stage = await QuarantineStage.set([endpoint, live], SETTINGS)
  folder = await versionFolder(stage.ingress.folder.path, VERSION)
})

afterAll(async () => {
  await stage.stop()
})

function connection() {
  return { brokers: [stage.ingress.brokers], clientId: 'test', ssl: false, sasl: null }
}

/** What a registration or a release could change. */
async function world(): Promise<string> {
  const { ingress } = stage
  const registry = new RegistryClient({ url: inject('registryUrl') })
  const subjects: unknown[] = []
  for (const domain of DOMAINS) {
    const subject = recordName(VERSION, domain)
    subjects.push([
      await registry.compatibility(subject),
      await registry.registeredSchemas(subject),
    ])
  }
  const topics = [ingress.controlTopic, ingress.topic('quarantine'), ingress.topic('card')]
  const ends = await viewCluster(connection(), log, (view) => view.ranges(topics))
  const catalogue = await readCatalogue(connection(), ingress.controlTopic, log, 20_000)
  return JSON.stringify([subjects, [...ends], [...(catalogue ?? [])]], (_, value) =>
    typeof value === 'bigint' ? `${value}` : value,
  )
}

async function rows() {
  const { lines } = await stage.runVerb(['versions', 'list', '--json'])
  return new Map(lines.map((line) => JSON.parse(line)).map((row) => [row.version, row]))
}

async function send(one = endpoint): Promise<number> {
  const body = await sampleFor(one, undefined, undefined, { api_version: VERSION })
  return (await stage.ingress.send(body, one)).status
}

describe('the operator of versions', () => {
  it('sees what waits for a version that has no entry', async () => {
    await eventually(async () => (await send()) === 202, { withinMs: 30_000 })
    await send(live)
    const known = await rows()
    expect(known.get(VERSION)).toMatchObject({ state: 'no entry', written_at: null })
    expect(known.get(VERSION).waiting.sandbox).toBeGreaterThan(0)
    expect(known.get(VERSION).waiting.live).toBe(1)
    expect(known.get('2026-05-19')).toMatchObject({ state: 'active', waiting: { live: 0 } })
    const { written_at: writtenAt } = known.get('2026-05-19')
    expect(Date.now() - Date.parse(writtenAt)).toBeLessThan(600_000)
  })

  it('is refused a folder with one broken schema as a whole, and nothing changes', async () => {
    const file = join(folder, 'card.avsc')
    const good = await readFile(file, 'utf8')
    const before = await world()
    await writeFile(file, good.replace('"name": "amount_cents"', '"name": "amountCents"'))
    const { fault, notes } = await stage.runVerb(['versions', 'add', folder])
    await writeFile(file, good)
    expect(fault?.message).toMatch(/findings in 2032-03-03; nothing was changed/)
    expect(notes.join('\n')).toContain(`${VERSION}/card.avsc`)
    expect(await world()).toBe(before)
  })

  it('is told which Postgres it needs, before anything changes', async () => {
    const before = await world()
    const { environment } = stage
    const { DATABASE_URL: _, ...without } = environment
    Object.defineProperty(stage, 'environment', { configurable: true, value: without })
    const { fault } = await stage.runVerb(['versions', 'add', folder])
    Object.defineProperty(stage, 'environment', { configurable: true, value: environment })
    expect(fault?.message).toContain('DATABASE_URL is not set')
    expect(await world()).toBe(before)
  })

  it('adds it while somebody else who tries is sent away, and both modes flow', async () => {
    const add = () => stage.runVerb(['versions', 'add', folder, '--actor', 'ada', '--rate', '500'])
    const runs = await Promise.all([add(), add()])
    const refused = runs.filter(({ fault }) => fault !== null)
    expect(refused.map(({ fault }) => fault?.message)).toEqual([
      expect.stringContaining('are being changed by somebody else'),
    ])
    const done = runs.find(({ fault }) => fault === null)
    expect(done?.lines.at(-1)).toMatch(/^2032-03-03 is active; \d+ events were released\./)
    const row = (await rows()).get(VERSION)
    expect(row).toMatchObject({ state: 'active', waiting: { live: 0, sandbox: 0 } })
    await eventually(async () => (await send()) === 200, { withinMs: 10_000 })
    expect((await stage.ingress.records('card', 'live')).map(({ key }) => key)).toEqual([
      live.tenant_id,
    ])
  })

  it('sees its subjects and ids, and may add it once more', async () => {
    const shown = await stage.runVerb(['versions', 'show', VERSION, '--json'])
    const { subjects } = JSON.parse(shown.lines[0] ?? '')
    expect(subjects).toHaveLength(DOMAINS.length)
    expect(subjects[1]).toMatchObject({ domain: 'card', subject: recordName(VERSION, 'card') })
    const again = await stage.runVerb(['versions', 'add', folder])
    expect([again.fault, again.lines.at(-1)]).toEqual([
      null,
      `${VERSION} is active already; nothing was released.`,
    ])
  })

  it('retires and restores it; it is routed all the while', async () => {
    const verb = async (name: string) => {
      const ran = await stage.runVerb(['versions', name, VERSION, '--actor', 'ada'])
      return ran.fault?.message ?? ran.lines[0]
    }
    expect(await verb('restore')).toBe(`${VERSION} is active already.`)
    expect(await verb('retire')).toBe(`${VERSION} is retired.`)
    await eventually(
      async () => {
        expect(await send()).toBe(200)
        return (await stage.ingress.metric('ingress_retired_version_total')) > 0
      },
      { withinMs: 10_000 },
    )
    expect(await verb('release')).toContain(`\`versions restore ${VERSION}\``)
    expect(await verb('restore')).toBe(`${VERSION} is active.`)
  })

  it('is in the audit', async () => {
    const actions = (await stage.audit()).map(({ actor, action, outcome }) => {
      return `${actor} ${action} ${(outcome as { state: string }).state}`
    })
    expect(actions.filter((line) => line.startsWith('ada '))).toEqual([
      'ada versions.add begun',
      'ada versions.add active',
      'ada versions.retire begun',
      'ada versions.retire done',
      'ada versions.release begun',
      'ada versions.release retired',
      'ada versions.restore begun',
      'ada versions.restore done',
    ])
  })
})

describe('a change of the catalogue', () => {
  it('reaches every service within two seconds', async () => {
    const { ingress } = stage
    const { prefix } = ingress
    const second = await IngressStage.bare({ prefix, endpoints: [endpoint] })
    onTestFinished(() => second.stop())
    const topic = ingress.controlTopic
    // As consumers and the command line read it.
    const tail = startControlTail({ connection: connection(), topic, log })
    onTestFinished(() => tail.stop())
    await eventually(() => tail.loaded() && second.problems().length === 0, { withinMs: 30_000 })
    const heard = [ingress, second].map((one) => () => {
      const line = one.logLines.filter((text) => text.includes('"routes.compiled"')).at(-1)
      return line?.includes('2025-11-01 retired') === true
    })
    const tailed = () => [...tail.entries().values()].some(({ state }) => state === 'retired')
    const retired = await stage.runVerb(['versions', 'retire', '2025-11-01'])
    const begun = performance.now()
    expect(retired.fault).toBeNull()
    await eventually(() => tailed() && heard.every((hears) => hears()), {
      withinMs: HEARD_WITHIN_MS,
      everyMs: 10,
    })
    expect(performance.now() - begun).toBeLessThan(HEARD_WITHIN_MS)
  })
})
