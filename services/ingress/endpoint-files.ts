import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import type { Logger } from '#platform/log.ts'
import type { EndpointSet, EndpointsResult } from './endpoints.ts'
import { parseEndpoints } from './endpoints.ts'

/** The endpoints as the receiver sees them. */
export interface EndpointStore {
  /** Null until they were read for the first time. */
  current(): EndpointSet | null
  /** Whether an id was in any set that this process has read. */
  seen(id: string): boolean
  /** Reads anew unless that was done within the last second; for a signature that fails. */
  refresh(): Promise<void>
}

export interface EndpointFilesOptions {
  /** A JSON or YAML file, or a folder of them. */
  readonly path: string
  readonly pollMs: number
  readonly log: Logger
  /** Called when a change was read, and once for each new problem. */
  readonly onReload: (result: 'loaded' | 'failed', count: number) => void
}

const REFRESH_DEBOUNCE_MS = 1000
/** YAML that is cut off can be valid and lack endpoints, so a file is read when it is quiet. */
const QUIET_MS = 25
const MAX_QUIET_CHECKS = 40
const DOCUMENT = /\.(?:json|ya?ml)$/

async function filesOf(path: string): Promise<string[]> {
  const entry = await stat(path)
  if (!entry.isDirectory()) return [path]
  const names = await readdir(path)
  return names
    .filter((name) => DOCUMENT.test(name))
    .sort()
    .map((name) => join(path, name))
}

/**
 * Changes when a file was written, replaced (also by a symbolic link), added or removed. Two
 * secrets have one length and tools keep `mtime`, but `ctime` is the kernel's own.
 */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = files.map(async (file) => {
    const { mtimeMs, ctimeMs, size } = await stat(file)
    return `${file}:${mtimeMs}:${ctimeMs}:${size}`
  })
  return (await Promise.all(stamps)).join('\n')
}

async function quietStamp(files: readonly string[], first: string): Promise<string> {
  let stamp = first
  for (let check = 0; check < MAX_QUIET_CHECKS; check += 1) {
    await delay(QUIET_MS)
    const next = await stampOf(files)
    if (next === stamp) break
    stamp = next
  }
  return stamp
}

async function read(files: readonly string[]): Promise<EndpointsResult> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return parseEndpoints(texts.map((text, i) => documentOf(files[i] ?? '', text)))
}

/** JSON is YAML too, but ten thousand endpoints are read a hundred times faster as what they are. */
function documentOf(file: string, text: string): unknown {
  if (file.endsWith('.json')) return JSON.parse(text)
  // The parser's warnings go to standard error and quote the line, which may hold a secret.
  return parse(text, { logLevel: 'error' })
}

/**
 * Endpoints from files, read again when they change. A broken or missing file keeps the last good
 * state and is shouted about; a file that is being written is left alone until it is quiet.
 */
export class EndpointFiles implements EndpointStore {
  readonly #options: EndpointFilesOptions
  readonly #seen = new Set<string>()
  #endpoints: EndpointSet | null = null
  #stamp = ''
  #problem: string | null = 'not read yet'
  #reading: Promise<void> | null = null
  #lastRefresh = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | null = null

  constructor(options: EndpointFilesOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    await this.#read()
    this.#timer = setInterval(() => void this.#read(), this.#options.pollMs)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  current(): EndpointSet | null {
    return this.#endpoints
  }

  seen(id: string): boolean {
    return this.#seen.has(id)
  }

  /** For readiness: null once a good state is there, even when a later one was broken. */
  problem(): string | null {
    return this.#endpoints === null ? this.#problem : null
  }

  async refresh(): Promise<void> {
    const now = performance.now()
    if (now - this.#lastRefresh < REFRESH_DEBOUNCE_MS && this.#reading === null) return
    this.#lastRefresh = now
    await this.#read()
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  async #readOnce(): Promise<void> {
    try {
      const files = await filesOf(this.#options.path)
      // A mount that is not there yet, or gone: to know no endpoints would refuse every event.
      if (files.length === 0) return this.#fail('holds no JSON or YAML file')
      const changed = await stampOf(files)
      if (changed === this.#stamp) return
      const stamp = await quietStamp(files, changed)
      const result = await read(files)
      // Written while it was read: the next look reads it again.
      if ((await stampOf(files)) !== stamp) return
      this.#stamp = stamp
      if (result.ok) this.#accept(result.endpoints)
      else this.#shout(result.problems)
    } catch (error) {
      // Neither the reader's nor the parser's message: both can quote the file, which holds secrets.
      const code =
        error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : ''
      this.#fail(`cannot be read (${code})`)
    }
  }

  /** Reads again next time, whatever the stamp: what comes back may be the very file of before. */
  #fail(problem: string): void {
    this.#stamp = ''
    this.#shout([problem])
  }

  #accept(endpoints: EndpointSet): void {
    this.#endpoints = endpoints
    this.#problem = null
    for (const id of endpoints.keys()) this.#seen.add(id)
    this.#options.log.info({ event: 'endpoints.loaded', count: endpoints.size })
    this.#options.onReload('loaded', endpoints.size)
  }

  #shout(problems: readonly string[]): void {
    const problem = problems.join('; ')
    if (problem !== this.#problem) {
      const kept = this.#endpoints?.size ?? 0
      this.#options.log.error({ event: 'endpoints.broken', problems, kept })
      this.#options.onReload('failed', kept)
    }
    this.#problem = problem
  }
}
