import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { INGRESS_MEMORY } from '#local/memory.ts'
import { freePort } from '#local/parts/ports.ts'
import type { Stand } from '../chaos/stand.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { Cost } from './load.ts'
import { LoadGenerator } from './load.ts'
import type { BenchEndpoint, LoadJob } from './load-job.ts'
import type { Target } from './measurements.ts'

interface Server {
  readonly port: number
  readonly pid: number
  readonly endpoints: readonly BenchEndpoint[]
}

const CANDIDATES = ['bare', 'one', 'naive', 'many'] as const
type Candidate = (typeof CANDIDATES)[number]

/** `one`, `many`: the ingress with so many tenants; `tenth`, `half`: `many` below its full load. */
type Round = Readonly<Record<Candidate | 'tenth' | 'half', Cost>>

const TENANTS = 10_000
const SECRET = 'secret of the bench'
const SECONDS = 2
/** Enough for a full batch of the ingress; more wait in line at any server. */
const IN_FLIGHT = 256
/** More than any of them answers in the time. */
const REQUESTS = 30_000
const ready = { withinMs: 30_000 }

function endpointsOf(count: number): readonly BenchEndpoint[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `whk_bench_${n}`,
    tenantId: `tnt_bench_${n}`,
    secret: SECRET,
  }))
}

function declared(endpoints: readonly BenchEndpoint[]): string {
  return JSON.stringify({
    endpoints: endpoints.map(({ id, tenantId, secret }) => ({
      id,
      tenant_id: tenantId,
      live_mode: false,
      secrets: [{ id: 'k1', value: secret }],
    })),
  })
}

async function listens(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** The ingress beside what it is measured against, on one broker. */
export class IngressBench {
  readonly #stand: Stand
  readonly #load = new LoadGenerator()
  readonly #rounds: Round[] = []
  #servers: Readonly<Record<Candidate, Server>> | null = null

  constructor(stand: Stand) {
    this.#stand = stand
  }

  async start(): Promise<void> {
    const few = endpointsOf(1)
    const topic = this.#stand.topic()
    const [bare, naive, one, many] = await Promise.all([
      this.#server('bare', new URL('bare-server.ts', import.meta.url), {}, few),
      this.#server(
        'naive',
        new URL('naive-server.ts', import.meta.url),
        { TOPIC: topic, SECRET },
        endpointsOf(TENANTS),
      ),
      this.#ingress('one', few),
      this.#ingress('many', endpointsOf(TENANTS)),
    ])
    this.#servers = { bare, naive, one, many }
    // What is measured is compiled code.
    for (const server of [bare, naive, one, many]) await this.#cost(server)
  }

  async #ingress(name: string, endpoints: readonly BenchEndpoint[]): Promise<Server> {
    const file = join(this.#stand.folder, `endpoints-${name}.json`)
    await writeFile(file, declared(endpoints), { mode: 0o600 })
    const main = new URL('../../services/ingress/main.ts', import.meta.url)
    const env = {
      ENDPOINTS_FILE: file,
      INGRESS_HOST: '127.0.0.1',
      DATABASE_URL: '',
      // One tenant at full speed is what is measured here, not what it is allowed.
      TENANT_RATE_PER_SECOND: '0',
    }
    return await this.#server(`ingress-${name}`, main, env, endpoints)
  }

  async #server(
    name: string,
    file: URL,
    env: Readonly<Record<string, string>>,
    endpoints: readonly BenchEndpoint[],
  ): Promise<Server> {
    const port = await freePort()
    const managementPort = String(await freePort())
    const { pid } = await this.#stand.startProcess(name, file, {
      // Of all four, since memory is speed.
      ...INGRESS_MEMORY,
      PORT: String(port),
      INGRESS_PORT: String(port),
      MANAGEMENT_PORT: managementPort,
      ...env,
    })
    await eventually(() => listens(port), ready)
    const isIngress = name.startsWith('ingress')
    const url = `http://127.0.0.1:${managementPort}/readyz`
    if (isIngress) await eventually(async () => (await fetch(url)).ok, ready)
    return { port, pid, endpoints }
  }

  async #cost(server: Server, changes: Partial<LoadJob> = {}): Promise<Cost> {
    const { port, endpoints, pid } = server
    const usual = { seconds: SECONDS, connections: IN_FLIGHT, rate: null, requests: REQUESTS }
    return await this.#load.run({ port, endpoints, ...usual, ...changes }, pid)
  }

  async #paced(server: Server, rate: number): Promise<Cost> {
    const requests = Math.ceil(rate * SECONDS)
    return await this.#cost(server, { rate, requests })
  }

  /** Each of them once, one after another; every other round backwards. */
  async round(): Promise<void> {
    const servers = this.#servers
    if (servers === null) throw new Error('not started')
    const order = this.#rounds.length % 2 === 0 ? CANDIDATES : CANDIDATES.toReversed()
    const costs: Partial<Record<Candidate, Cost>> = {}
    for (const name of order) costs[name] = await this.#cost(servers[name])
    const all = costs as Record<Candidate, Cost>
    const tenth = await this.#paced(servers.many, all.many.rate / 10)
    const half = await this.#paced(servers.many, all.many.rate / 2)
    this.#rounds.push({ ...all, tenth, half })
  }

  targets(): readonly Target[] {
    const of = (value: (round: Round) => number) => this.#rounds.map(value)
    const shown = (name: string, unit: string, value: Parameters<typeof of>[0]): Target => ({
      name,
      unit,
      values: of(value),
      bound: null,
    })
    return [
      shown('bare node:http POST', 'us CPU', ({ bare }) => bare.microseconds),
      shown('ingress, 1 tenant', 'us CPU', ({ one }) => one.microseconds),
      shown('ingress, 10,000 tenants', 'us CPU', ({ many }) => many.microseconds),
      shown('naive build', 'us CPU', ({ naive }) => naive.microseconds),
      shown('bare node:http POST', 'requests/s', ({ bare }) => bare.rate),
      shown('ingress, 1 tenant', 'requests/s', ({ one }) => one.rate),
      shown('ingress, 10,000 tenants', 'requests/s', ({ many }) => many.rate),
      shown('naive build', 'requests/s', ({ naive }) => naive.rate),
      shown('ingress p50 at a tenth', 'ms', ({ tenth }) => tenth.p50),
      shown('ingress p50 at half load', 'ms', ({ half }) => half.p50),
      {
        name: 'ingress / bare node:http',
        unit: 'CPU ratio',
        values: of(({ bare, one }) => bare.microseconds / one.microseconds),
        bound: { kind: 'at least', value: 0.27 },
      },
      {
        name: 'ingress / naive build',
        unit: 'CPU ratio',
        values: of(({ naive, many }) => naive.microseconds / many.microseconds),
        bound: { kind: 'at least', value: 4 },
      },
      {
        name: 'p50 at half load / at a tenth',
        unit: 'ratio',
        values: of(({ half, tenth }) => half.p50 / tenth.p50),
        bound: { kind: 'below', value: 2 },
      },
      {
        name: 'cost at 10,000 tenants / at 1',
        unit: 'CPU ratio',
        values: of(({ many, one }) => many.microseconds / one.microseconds),
        bound: { kind: 'below', value: 1.1 },
      },
    ]
  }

  close(): void {
    this.#load.close()
  }
}
