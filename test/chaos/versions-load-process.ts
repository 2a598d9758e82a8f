import { setTimeout as pause } from 'node:timers/promises'
import type { Endpoint } from '#ingress/endpoints.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import type { EventBody } from '#local/samples.ts'
import { sampleBody } from '#local/samples.ts'
import type { Answer, Sender } from '#local/sender.ts'
import { createSender } from '#local/sender.ts'
import { ulid } from '../corpus/endpoints.ts'
import { pick, randomFrom } from '../integration/consumers/update-stream.ts'
import type {
  LaneEvent,
  VersionsLoadJob,
  VersionsLoadOrder,
  VersionsLoadResult,
} from './versions-load-job.ts'

const TICK_MS = 2
/** Between two events of a tenant when it is not filling. */
const PACE_MS = 250
const RETRY_AFTER_MS = 200
const TYPES = ['card.transaction.authorized', 'pass.installed']
const KNOWN_VERSIONS = ['2026-02-01', '2026-05-19']

class VersionsLoad {
  readonly #job: VersionsLoadJob
  readonly #random: () => number
  readonly #senders: readonly Sender[]
  readonly #endpoints: readonly Endpoint[]
  readonly #samples: ReadonlyMap<string, EventBody>
  readonly #lanes = new Map<string, LaneEvent[]>()
  readonly #repeats: Record<string, number> = {}
  readonly #failures: string[] = []
  readonly #times: Record<string, number[]> = {}
  readonly #lateness: Record<string, number[]> = {}
  readonly #running: Promise<unknown>[] = []
  #version: string | null = null
  #toFill = 0
  #phase = 'begin'
  #known = 0
  #isOver = false

  constructor(job: VersionsLoadJob, samples: ReadonlyMap<string, EventBody>) {
    const declared = parseEndpoints([{ endpoints: job.tenants }])
    if (!declared.ok) throw new Error(declared.problems.join('; '))
    this.#job = job
    this.#random = randomFrom(job.seed)
    this.#endpoints = [...declared.endpoints.values()]
    const endpoints = this.#endpoints
    this.#senders = job.urls.map((ingressUrl) => createSender({ ingressUrl, endpoints }))
    this.#samples = samples
    for (const endpoint of endpoints) this.#running.push(this.#lane(endpoint))
    this.#running.push(this.#others())
  }

  phase(name: string): void {
    this.#phase = name
  }

  async fill(version: string, each: number): Promise<void> {
    const goal = this.#count + each * this.#endpoints.length
    this.#toFill = each * this.#endpoints.length
    this.#version = version
    while (this.#count < goal) await pause(20)
  }

  async end(): Promise<VersionsLoadResult> {
    this.#isOver = true
    await Promise.all(this.#running)
    for (const sender of this.#senders) sender.close()
    const lanes = Object.fromEntries(this.#lanes)
    const counts = { repeats: this.#repeats, failures: this.#failures, known: this.#known }
    return { lanes, ...counts, times: this.#times, lateness: this.#lateness }
  }

  get #count(): number {
    return [...this.#lanes.values()].reduce((sum, { length }) => sum + length, 0)
  }

  #body(endpoint: Endpoint, type: string, version: string): { id: string; bytes: Buffer } {
    const sample = this.#samples.get(`${type} ${version}`) ?? this.#samples.get(type)
    const id = `evt_${ulid()}`
    const { tenantId: tenant_id, liveMode: live_mode } = endpoint
    const own = {
      id,
      tenant_id,
      live_mode,
      api_version: version,
      created: new Date().toISOString(),
    }
    return { id, bytes: Buffer.from(JSON.stringify({ ...sample, ...own })) }
  }

  async #send(endpoint: Endpoint, bytes: Buffer): Promise<Answer> {
    return await pick(this.#random, this.#senders).sendBytes(endpoint, bytes)
  }

  /** One event after another, each sent again until it is acknowledged. */
  async #lane(endpoint: Endpoint): Promise<void> {
    const lane: LaneEvent[] = []
    this.#lanes.set(endpoint.tenantId, lane)
    while (!this.#isOver) {
      const version = this.#version
      if (version === null || this.#toFill <= 0) await pause(version === null ? 20 : PACE_MS)
      else this.#toFill -= 1
      if (version === null) continue
      const type = pick(this.#random, TYPES)
      const { id, bytes } = this.#body(endpoint, type, version)
      lane.push({ id, type, status: await this.#delivered(endpoint, bytes) })
    }
  }

  async #delivered(endpoint: Endpoint, bytes: Buffer): Promise<number> {
    for (;;) {
      const answer = await this.#send(endpoint, bytes)
      const status = answer.kind === 'answered' ? answer.status : 0
      if (status === 200 || status === 202) return status
      this.#repeats[status] = (this.#repeats[status] ?? 0) + 1
      await pause(RETRY_AFTER_MS)
    }
  }

  /** Known versions at a steady rate, whatever is still unanswered. */
  async #others(): Promise<void> {
    const open: Promise<void>[] = []
    const begun = performance.now()
    for (let sent = 0; !this.#isOver; ) {
      const due = ((performance.now() - begun) / 1000) * this.#job.rate
      for (; sent < due; sent += 1) {
        open.push(this.#other(begun + (sent / this.#job.rate) * 1000))
      }
      await pause(TICK_MS)
    }
    await Promise.all(open)
  }

  async #other(dueMs: number): Promise<void> {
    const endpoint = pick(this.#random, this.#endpoints)
    const version = pick(this.#random, KNOWN_VERSIONS)
    const { bytes } = this.#body(endpoint, pick(this.#random, TYPES), version)
    const phase = this.#phase
    const begun = performance.now()
    const answer = await this.#send(endpoint, bytes)
    note(this.#times, phase, performance.now() - begun)
    note(this.#lateness, phase, begun - dueMs)
    this.#known += 1
    const said = answer.kind === 'answered' ? String(answer.status) : answer.reason
    if (said !== '200') this.#failures.push(`${phase}: ${said}`)
  }
}

function note(series: Record<string, number[]>, phase: string, value: number): void {
  const values = series[phase] ?? []
  values.push(value)
  series[phase] = values
}

async function allSamples(): Promise<ReadonlyMap<string, EventBody>> {
  const samples = new Map<string, EventBody>()
  for (const type of TYPES) {
    samples.set(type, await sampleBody(type, '2026-05-19'))
    for (const version of KNOWN_VERSIONS) {
      samples.set(`${type} ${version}`, await sampleBody(type, version))
    }
  }
  return samples
}

async function obey(load: VersionsLoad, order: VersionsLoadOrder): Promise<void> {
  if (order.kind === 'phase') load.phase(order.name)
  if (order.kind === 'fill') {
    await load.fill(order.version, order.each)
    process.send?.('filled')
  }
  if (order.kind === 'end') process.send?.(await load.end(), () => process.disconnect())
}

// It is in a session of its own, so nobody else ends it with the test.
process.once('disconnect', () => process.exit())
process.once('message', async (job) => {
  const load = new VersionsLoad(job as VersionsLoadJob, await allSamples())
  process.on('message', (order) => void obey(load, order as VersionsLoadOrder))
  process.send?.('begun')
})
