import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DOMAINS, eventTopic, MODES, quarantineTopic } from '#core/routing.ts'
import type { RunningKafka } from '#local/parts/kafka.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import type { DeclaredEndpoint } from '../corpus/endpoints.ts'
import { newEndpoints, ulid } from '../corpus/endpoints.ts'
import { placeText, unclaimed } from '../corpus/verdict.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { IngressProcess } from '../fixtures/ingress-process.ts'
import { startIngressProcess } from '../fixtures/ingress-process.ts'
import type { LogRecord } from '../fixtures/log-reader.ts'
import { readLog } from '../fixtures/log-reader.ts'
import { testHost } from '../fixtures/part-host.ts'
import { publishTopics } from '../fixtures/published-topics.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import type {
  GoodRequest,
  MixedLoadJob,
  MixedLoadOrder,
  MixedLoadResult,
} from './mixed-load-job.ts'
import { chaosSeed, report, scaled } from './report.ts'

const SECONDS = scaled(60, 10)
const RATE = 200
const HOSTILE_SHARE = 0.05
const TENANTS = 21
const PREFIX = 'mixed'
const PROGRAM = fileURLToPath(new URL('mixed-load-process.ts', import.meta.url))
const soon = { withinMs: 20_000 }

const hostile = newEndpoints()
let folder: TemporaryFolder
let kafka: RunningKafka
let ingresses: readonly IngressProcess[] = []
let load: ChildProcess | undefined

function tenant(n: number): DeclaredEndpoint {
  const secret = (id: string) => ({ id, value: `secret ${id} of ${n}` })
  return {
    id: `whk_${ulid()}`,
    tenant_id: `tnt_${ulid()}`,
    live_mode: n % 3 === 0,
    enabled: true,
    removed: false,
    secrets: [secret('k1'), secret('k2')],
  }
}

const tenants = Array.from({ length: TENANTS }, (_, n) => tenant(n))

/** Writes the endpoints file; a marker more each time tells when an ingress has read it. */
class EndpointsFile {
  readonly path: string
  #markers = 0

  constructor(path: string) {
    this.path = path
  }

  async write(known: readonly DeclaredEndpoint[], secretIds: readonly string[]): Promise<number> {
    const own = known.map(({ secrets, ...rest }) => ({
      ...rest,
      secrets: secrets.filter(({ id }) => secretIds.includes(id)),
    }))
    const markers = Array.from({ length: this.#markers }, () => ({ ...tenant(0), enabled: false }))
    this.#markers += 1
    const endpoints = [...own, ...Object.values(hostile), ...markers]
    await writeFile(this.path, JSON.stringify({ endpoints }))
    return endpoints.length
  }
}

async function knows(ingress: IngressProcess, count: number): Promise<boolean> {
  const [, found] = /^ingress_endpoints(?:\{[^}]*\})? (\d+)$/m.exec(await ingress.metrics()) ?? []
  return Number(found) === count
}

async function reloaded(count: number): Promise<void> {
  for (const ingress of ingresses) await eventually(() => knows(ingress, count), soon)
}

beforeAll(async () => {
  folder = await temporaryFolder('mixed-load')
  const [port = 0, controllerPort = 0] = await freePorts(2)
  const place = { dataDir: join(folder.path, 'kafka'), logFile: join(folder.path, 'kafka.log') }
  kafka = await startKafka({ ...place, port, controllerPort }, testHost())
  await publishTopics(kafka.brokers, PREFIX, [{ date: '2031-12-31', state: 'draining' }])
})

afterAll(async () => {
  load?.kill()
  await Promise.all(ingresses.map((ingress) => ingress.stop()))
  await kafka?.stop()
  await folder.remove()
})

async function startIngresses(endpointsFile: string): Promise<void> {
  const env = { TOPIC_PREFIX: PREFIX }
  ingresses = await Promise.all(
    ['first', 'second'].map((name) =>
      startIngressProcess({
        name,
        folder: folder.path,
        brokers: kafka.brokers,
        endpointsFile,
        env,
      }),
    ),
  )
  // Until its lease is held, an ingress answers 503 for versions that it does not know.
  const isSure = async (ingress: IngressProcess) =>
    /^ingress_catalogue_lease_held(?:\{[^}]*\})? 1$/m.test(await ingress.metrics())
  for (const ingress of ingresses) await eventually(() => isSure(ingress), soon)
}

async function startLoad(): Promise<{
  order(order: MixedLoadOrder): void
  ended: Promise<MixedLoadResult>
}> {
  const child = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  load = child
  const job: MixedLoadJob = {
    ports: ingresses.map(({ port }) => port),
    tenants,
    hostile,
    seconds: SECONDS,
    rate: RATE,
    hostileShare: HOSTILE_SHARE,
    seed: chaosSeed(),
  }
  child.send(job)
  await once(child, 'message')
  const ended = Promise.race([
    once(child, 'message').then(([result]) => result as MixedLoadResult),
    once(child, 'exit').then(() => Promise.reject(new Error('the load process has ended'))),
  ])
  ended.catch(() => undefined)
  return { order: (order) => void child.send(order), ended }
}

/** A rotation as the contract has it, and an endpoint that comes, while all goes on. */
async function changeEndpoints(
  file: EndpointsFile,
  order: (order: MixedLoadOrder) => void,
): Promise<readonly string[]> {
  const begun = performance.now()
  const done: string[] = []
  const tell = (what: string) => {
    done.push(`${((performance.now() - begun) / 1000).toFixed(1)} s: ${what}`)
  }
  const until = async (share: number) => {
    await pause(Math.max(0, share * SECONDS * 1000 - (performance.now() - begun)))
  }
  await until(0.3)
  order({ signWith: ['k1', 'k2'] })
  tell('the sender signs with both secrets')
  await reloaded(await file.write(tenants.slice(0, -1), ['k1', 'k2']))
  order({ signWith: ['k2'] })
  tell('both ingresses know the new secret; the sender signs with it alone')
  await until(0.45)
  await writeFile(file.path, '{"endpoints":[{"id":"whk_')
  tell('the file is broken')
  await until(0.5)
  await reloaded(await file.write(tenants, ['k1', 'k2']))
  order({ includeLast: true })
  tell('the file is whole, with one endpoint more, which sends')
  await until(0.6)
  await reloaded(await file.write(tenants, ['k2']))
  tell('the old secret is gone')
  return done
}

/** Good events that are not, or not whole, where their answer says. */
function misplaced(good: readonly GoodRequest[], records: readonly LogRecord[]): readonly string[] {
  const placed = new Map(records.map((record) => [placeText(record), record]))
  const isWrong = ({ id, tenantId, body, at }: GoodRequest) => {
    const record = placed.get(at ?? '')
    const isSame = record?.value?.includes(Buffer.from(body)) ?? false
    return record?.key !== tenantId || record.headers.ce_id !== id || !isSame
  }
  return good.filter(isWrong).map(({ id }) => id)
}

function counted(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

test('two ingresses under mixed load, a rotation and a reload take every good event, and keep every hostile one off the domain topics', async () => {
  const file = new EndpointsFile(join(folder.path, 'endpoints.json'))
  await file.write(tenants.slice(0, -1), ['k1'])
  await startIngresses(file.path)
  const { order, ended } = await startLoad()
  const [changes, result] = await Promise.all([changeEndpoints(file, order), ended])
  const { good, hostile: sent } = result
  const domains = MODES.flatMap((mode) => DOMAINS.map((each) => eventTopic(PREFIX, mode, each)))
  const quarantines = MODES.map((mode) => quarantineTopic(PREFIX, mode))
  const records = await readLog({ brokers: kafka.brokers, topics: [...domains, ...quarantines] })
  const stored = records.filter(({ topic }) => domains.includes(topic))
  const times = good.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  const at = (share: number) => Math.round(times[Math.floor(times.length * share)] ?? 0)
  const refused = good.filter(({ status }) => status !== 200)
  const strange = sent.filter(({ asExpected }) => !asExpected)
  const figures = {
    seconds: SECONDS,
    changes,
    good: good.length,
    goodAnswers: counted(good.map(({ status, code }) => `${status} ${code}`)),
    milliseconds: { p50: at(0.5), p99: at(0.99), longest: at(0.99999) },
    hostile: sent.length,
    hostileAnswers: counted(sent.map(({ said }) => said)),
    hostileOtherwise: strange.slice(0, 20),
    records: counted(records.map(({ topic }) => topic)),
    misplaced: misplaced(good, records).length,
    strays: unclaimed(stored, new Set(good.map((each) => each.at ?? ''))).length,
  }
  await report('mixed-load', figures)
  expect(refused).toEqual([])
  expect(figures.misplaced).toBe(0)
  // Also what belongs to a hostile request would be one.
  expect(figures.strays).toBe(0)
  expect(strange).toEqual([])
  expect(sent.length).toBeGreaterThan(SECONDS * RATE * HOSTILE_SHARE * 0.7)
  expect(good.some(({ tenantId }) => tenantId === tenants.at(-1)?.tenant_id)).toBe(true)
  for (const ingress of ingresses) expect(ingress.ended()).toBeNull()
})
