import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { LogRecord } from '../../fixtures/log-reader.ts'
import type { DeclaredEndpoint, IngressStage } from '../ingress/stage.ts'
import { sampleFor, ulid } from '../ingress/stage.ts'

const KNOWN = '2026-05-19'

function dated(text: string, date: string): string {
  return text
    .replaceAll(KNOWN, date)
    .replaceAll(KNOWN.replaceAll('-', '_'), date.replaceAll('-', '_'))
}

/** Writes the newest version of the repository, its samples too, under another date. */
export async function versionFolder(parent: string, date: string): Promise<string> {
  const folder = join(parent, date)
  await mkdir(join(folder, 'samples'), { recursive: true })
  const copied = async (from: string, name: string) => {
    const text = await readFile(join('schemas', KNOWN, from, name), 'utf8')
    await writeFile(join(folder, from, name), dated(text, date))
  }
  const schemas = (await readdir(join('schemas', KNOWN))).filter((name) => name.endsWith('.avsc'))
  const samples = await readdir(join('schemas', KNOWN, 'samples'))
  await Promise.all([
    ...schemas.map((name) => copied('', name)),
    ...samples.map((name) => copied('samples', name)),
  ])
  return folder
}

/** A tenant whose events go out one after another, each sent again until it is acknowledged. */
export interface Lane {
  readonly endpoint: DeclaredEndpoint
  /** Ids in the order of their acknowledgement, and how each was answered at last. */
  readonly acknowledged: { readonly id: string; readonly status: number; readonly by: number }[]
  /** How often each ingress answered 503, by code: `<ingress> <code>`. */
  readonly refusals: Record<string, number>
}

/** Lanes that run until they are stopped, each event at any of the ingresses. */
export class Lanes {
  readonly lanes: readonly Lane[]
  readonly #ingresses: readonly IngressStage[]
  readonly #version: string
  readonly #running: Promise<unknown>
  #isStopping = false

  constructor(
    ingresses: readonly IngressStage[],
    endpoints: readonly DeclaredEndpoint[],
    version: string,
    everyMs: number,
  ) {
    this.#ingresses = ingresses
    this.#version = version
    this.lanes = endpoints.map((endpoint) => ({
      endpoint,
      acknowledged: [],
      refusals: {},
    }))
    this.#running = Promise.all(this.lanes.map((lane) => this.#run(lane, everyMs)))
    // Seen by whoever stops them.
    this.#running.catch(() => {})
  }

  get total(): number {
    return this.lanes.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  async #run(lane: Lane, everyMs: number): Promise<void> {
    while (!this.#isStopping) {
      await this.#deliver(lane)
      await pause(everyMs)
    }
  }

  async #deliver({ endpoint, acknowledged, refusals }: Lane): Promise<void> {
    const id = `evt_${ulid()}`
    const changes = { id, api_version: this.#version }
    const body = await sampleFor(endpoint, undefined, undefined, changes)
    for (;;) {
      const by = Math.floor(Math.random() * this.#ingresses.length)
      const answer = await this.#ingresses[by]?.send(body, endpoint)
      const status = answer?.status ?? 0
      if (status === 200 || status === 202) {
        acknowledged.push({ id, status, by })
        return
      }
      if (status !== 503) throw new Error(`answered ${status}`)
      const { code = '' } = (answer?.body.error ?? {}) as { code?: string }
      refusals[`${by} ${code}`] = (refusals[`${by} ${code}`] ?? 0) + 1
      await pause(20)
    }
  }
}

/** Ids of a tenant as consumers see them: each once, where it came first. */
export function firstCopies(records: readonly LogRecord[], tenant: string): readonly string[] {
  const own = records.filter(({ key }) => key === tenant)
  return [...new Set(own.map(({ headers }) => headers.ce_id ?? ''))]
}
