import { setTimeout as delay } from 'node:timers/promises'
import { cappedWait } from '#platform/kafka/capped-wait.ts'
import type { Logger } from '#platform/log.ts'
import type { EndpointSet } from './endpoints.ts'

/** The endpoints as the receiver sees them. */
export interface EndpointStore {
  /** Null until they were read for the first time. */
  current(): EndpointSet | null
  /** Whether an id was in any set that this process has read. */
  seen(id: string): boolean
  /** Whether the source holds something of this id that cannot be used. */
  doubted(id: string): boolean
  /** Looks anew, for a signature that fails; resolves within about a second whatever happens. */
  refresh(): Promise<Knowledge>
}

/** Whether what is held is all that the source holds but what is doubted, or nobody can tell. */
export type Knowledge = 'current' | 'unknown'

export type SourceReading =
  /** As at the last reading, whose problems still stand if it had any. */
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'read'
      readonly endpoints: EndpointSet
      /** What is wrong with single ones, by their ids; they are as they were known, or disabled. */
      readonly doubted?: ReadonlyMap<string, string>
    }
  /** It was being written meanwhile: no problem, but what was read is not handed out. */
  | { readonly kind: 'unsettled' }
  /** Nothing is taken over from it: what was there before stays. */
  | { readonly kind: 'faulty'; readonly problems: readonly string[] }

/** Where endpoints come from. */
export interface EndpointSource {
  /**
   * What changed since the last reading, as one whole. Never rejects; problems repeat nothing of
   * what was read, since that holds secrets.
   */
  read(): Promise<SourceReading>
  close(): Promise<void>
}

export interface WatchedEndpointsOptions {
  readonly source: EndpointSource
  readonly pollMs: number
  /** Signatures that fail cause no more than one look in so many milliseconds. */
  readonly paceMs: number
  readonly log: Logger
  /** Called when a change was read, and once for each new problem. */
  readonly onReload: (result: 'loaded' | 'failed', count: number) => void
}

/** A source that hangs must not hold a request for longer. */
const REFRESH_CAP_MS = 1000

/**
 * Endpoints of a source, looked at again and again. A source that is broken or away keeps the last
 * good state and is shouted about.
 */
export class WatchedEndpoints implements EndpointStore {
  readonly #options: WatchedEndpointsOptions
  readonly #seen = new Set<string>()
  #doubted: ReadonlyMap<string, string> = new Map()
  #endpoints: EndpointSet | null = null
  #problem: string | null = 'not read yet'
  /** As the last reading was that said anything new. */
  #isCurrent = false
  #reading: Promise<Knowledge> | null = null
  #asked: Promise<Knowledge> | null = null
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | null = null

  constructor(options: WatchedEndpointsOptions) {
    this.#options = options
  }

  /** Looks once, and from then on at intervals. */
  async start(): Promise<void> {
    await this.#look()
    this.#timer = setInterval(() => void this.#look(), this.#options.pollMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#options.source.close()
  }

  current(): EndpointSet | null {
    return this.#endpoints
  }

  seen(id: string): boolean {
    return this.#seen.has(id)
  }

  doubted(id: string): boolean {
    return this.#doubted.has(id)
  }

  /** For readiness: null once a good state is there, even when a later one was broken. */
  problem(): string | null {
    return this.#endpoints === null ? this.#problem : null
  }

  /**
   * A look that begins after the call, not one that is under way: that one may have been too early.
   * All who ask meanwhile share it, so that bad signatures cost little and a secret that was added
   * just now is always found, however many bad signatures come in.
   */
  async refresh(): Promise<Knowledge> {
    this.#asked ??= this.#lookAfterPace()
    let knowledge: Knowledge = 'unknown'
    const looked = this.#asked.then((is) => {
      knowledge = is
    })
    await cappedWait(looked, REFRESH_CAP_MS)
    return knowledge
  }

  async #lookAfterPace(): Promise<Knowledge> {
    const waitMs = this.#lookedAtMs + this.#options.paceMs - performance.now()
    // A turn at least, so that `#asked` is set before it is cleared below.
    await (waitMs > 0 ? delay(waitMs) : null)
    while (this.#reading !== null) await this.#reading
    this.#asked = null
    return await this.#look()
  }

  #look(): Promise<Knowledge> {
    this.#reading ??= this.#lookOnce().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  async #lookOnce(): Promise<Knowledge> {
    this.#lookedAtMs = performance.now()
    const reading = await this.#options.source.read()
    if (reading.kind === 'unsettled') return 'unknown'
    if (reading.kind === 'read') this.#accept(reading.endpoints, reading.doubted ?? new Map())
    if (reading.kind === 'faulty') this.#shout(reading.problems)
    if (reading.kind !== 'unchanged') this.#isCurrent = reading.kind === 'read'
    return this.#isCurrent ? 'current' : 'unknown'
  }

  #accept(endpoints: EndpointSet, doubted: ReadonlyMap<string, string>): void {
    this.#endpoints = endpoints
    this.#doubted = doubted
    for (const id of endpoints.keys()) this.#seen.add(id)
    if (doubted.size > 0) {
      this.#shout([...doubted.values()])
      return
    }
    this.#problem = null
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
