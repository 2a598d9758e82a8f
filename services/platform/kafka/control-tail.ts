import { setTimeout as delay } from 'node:timers/promises'
import type { KnownEntry } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import type { Logger } from '../log.ts'
import { errorFields } from '../log.ts'
import { Outage } from '../outage.ts'
import type { CatalogueEntries } from './catalogue-records.ts'
import { entriesAfter } from './catalogue-records.ts'
import type { KafkaConnection } from './connection.ts'
import { kafkaClient } from './connection.ts'
import type { FetchLease } from './fetch-lease.ts'
import { isLeaseHeld, leaseAfterAnswer, NO_LEASE } from './fetch-lease.ts'
import type { LogFollower, LogRecord } from './log-tail.ts'
import { followLog } from './log-tail.ts'

export interface ControlTailOptions {
  readonly connection: KafkaConnection
  /** `<prefix>.control`, one partition. */
  readonly topic: string
  readonly log: Logger
  readonly now?: () => number
  /** How old the knowledge may be, milliseconds. */
  readonly leaseMs?: number
}

/** The catalogue of versions as this process knows it, kept fresh in the background. */
export interface ControlTail {
  entries(): ReadonlyMap<ApiVersion, KnownEntry>
  /** The topic has been read to its end once. */
  loaded(): boolean
  /**
   * Everything that was written more than `leaseMs` ago is known: the topic was read to its end
   * and a fetch sent within the lease succeeded. Without it "unknown version" cannot be told.
   */
  leaseHeld(nowMs: number): boolean
  /** Called after each change of the entries, and once when they are first loaded. */
  onChange(listener: () => void): void
  /** For readiness: null once loaded, otherwise what is missing, in words. */
  problem(): string | null
  /** Records of the topic that could not be understood, since the start. */
  brokenEntries(): number
  stop(): Promise<void>
}

const DEFAULT_LEASE_MS = 10_000
const FIRST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 1000
const PARTITION = 0

class Tail implements ControlTail {
  readonly #options: ControlTailOptions
  readonly #now: () => number
  readonly #listeners: (() => void)[] = []
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #live: CatalogueEntries = new Map()
  #byVersion: ReadonlyMap<ApiVersion, KnownEntry> = new Map()
  /** What this session has read so far; becomes live at the end of the topic. */
  #staged: CatalogueEntries = new Map()
  /** By the clock of the machine, which may be set back. */
  #lease: FetchLease = NO_LEASE
  /** By a clock that nobody sets, and that may stand still while the machine sleeps. */
  #steadyLease: FetchLease = NO_LEASE
  #loaded = false
  #caughtUp = false
  #endOffset = 0n
  #broken = 0
  #problem = 'the control topic has not been read yet'
  #backoffMs = FIRST_BACKOFF_MS
  #session: LogFollower | null = null
  readonly #outage: Outage

  constructor(options: ControlTailOptions) {
    this.#options = options
    const { log } = options
    this.#outage = new Outage({ log, away: 'control_tail.away', back: 'control_tail.back' })
    this.#now = options.now ?? Date.now
    this.#running = this.#run()
  }

  entries(): ReadonlyMap<ApiVersion, KnownEntry> {
    return this.#byVersion
  }

  loaded(): boolean {
    return this.#loaded
  }

  leaseHeld(nowMs: number): boolean {
    const leaseMs = this.#options.leaseMs ?? DEFAULT_LEASE_MS
    if (!this.#loaded || !isLeaseHeld(this.#lease, nowMs, leaseMs)) return false
    return isLeaseHeld(this.#steadyLease, performance.now(), leaseMs)
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  problem(): string | null {
    return this.#loaded ? null : this.#problem
  }

  brokenEntries(): number {
    return this.#broken
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#session?.stop()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#readOnce()
      await delay(this.#backoffMs, undefined, { signal }).catch(() => {})
      this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS)
    }
  }

  async #readOnce(): Promise<void> {
    const { topic } = this.#options
    try {
      const end = await this.#endOfTopic()
      if (end === null) {
        this.#problem = `the topic ${topic} does not exist yet`
        this.#outage.away({ topic, reason: 'topic_missing' })
        return
      }
      await this.#follow(end)
    } catch (error) {
      this.#problem = `Kafka or the topic ${topic} cannot be reached`
      this.#outage.away({ topic, reason: 'unreachable', ...errorFields(error) })
    }
  }

  /** The offset after the last record, or null when there is no such topic. */
  async #endOfTopic(): Promise<bigint | null> {
    const { connection, log, topic } = this.#options
    const admin = kafkaClient(connection, log, 0).admin()
    try {
      await admin.connect()
      if (!(await admin.listTopics()).includes(topic)) return null
      const offsets = await admin.fetchTopicOffsets(topic)
      const place = offsets.find(({ partition }) => partition === PARTITION)
      return place === undefined || place.low === place.high ? 0n : BigInt(place.high)
    } finally {
      await admin.disconnect()
    }
  }

  async #follow(endOffset: bigint): Promise<void> {
    const { connection, log, topic } = this.#options
    this.#beginSession(endOffset)
    const session = await followLog({
      connection,
      topics: [topic],
      fromBeginning: true,
      log,
      onRecords: (records) => this.#apply(records),
      onAnswer: (api, tookMs) => this.#answered(api, tookMs),
    })
    this.#session = session
    if (this.#stopping.signal.aborted) await session.stop()
    const end = await session.ended
    this.#session = null
    this.#caughtUp = false
    if (end === 'stopped') return
    this.#outage.away({ topic, reason: end })
    await session.stop()
  }

  #beginSession(endOffset: bigint): void {
    this.#staged = new Map()
    this.#caughtUp = false
    this.#endOffset = endOffset
    this.#lease = { ...this.#lease, pendingMs: null }
    this.#steadyLease = { ...this.#steadyLease, pendingMs: null }
    // An empty topic is read to its end already.
    if (endOffset === 0n) this.#catchUp()
  }

  #apply(records: readonly LogRecord[]): void {
    const { log, topic } = this.#options
    const reading = entriesAfter(this.#staged, records, this.#live)
    this.#staged = reading.entries
    this.#broken += reading.broken.length
    for (const { offset, problem } of reading.broken) {
      log.error({ event: 'control_tail.broken_entry', topic, offset, problem })
    }
    const last = records.at(-1)
    if (this.#caughtUp) this.#publish()
    else if (last !== undefined && BigInt(last.offset) + 1n >= this.#endOffset) this.#catchUp()
  }

  #answered(api: string, tookMs: number): void {
    if (!this.#caughtUp) return
    this.#lease = leaseAfterAnswer(this.#lease, api, this.#now() - tookMs)
    this.#steadyLease = leaseAfterAnswer(this.#steadyLease, api, performance.now() - tookMs)
  }

  #catchUp(): void {
    this.#caughtUp = true
    this.#backoffMs = FIRST_BACKOFF_MS
    const first = !this.#loaded
    this.#loaded = true
    const { log, topic } = this.#options
    this.#outage.back({ topic })
    if (first || !sameEntries(this.#live, this.#staged)) {
      log.info({ event: 'control_tail.loaded', topic, versions: [...this.#staged.keys()] })
    }
    this.#publish(first)
  }

  #publish(always = false): void {
    if (!always && sameEntries(this.#live, this.#staged)) return
    this.#live = this.#staged
    this.#byVersion = new Map([...this.#live.values()].map((entry) => [entry.version, entry]))
    for (const listener of this.#listeners) listener()
  }
}

function sameEntries(a: CatalogueEntries, b: CatalogueEntries): boolean {
  if (a.size !== b.size) return false
  for (const [key, entry] of a) {
    if (JSON.stringify(entry) !== JSON.stringify(b.get(key))) return false
  }
  return true
}

/**
 * Follows the control topic from its first record on. Returns at once; while Kafka or the topic is
 * away it keeps trying, and what is known stays.
 */
export function startControlTail(options: ControlTailOptions): ControlTail {
  return new Tail(options)
}
