import { setTimeout as delay } from 'node:timers/promises'
import type { ApiVersion, TenantId } from '#core/ids.ts'
import { partitionOf } from '#core/murmur2.ts'
import type { Domain, Mode } from '#core/routing.ts'
import { domainOf, eventTopic, quarantineTopic } from '#core/routing.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import type { LogStretch, StretchEnd } from '#platform/kafka/log-stretch.ts'
import { createLogger } from '#platform/log.ts'
import type { SetAsideEvent } from '#quarantine/entry.ts'
import { readChosen, takeInventory } from '#quarantine/inventory.ts'
import type { QuarantineLog } from '#quarantine/quarantine-log.ts'
import { quarantineExtents, quarantineLog } from '#quarantine/quarantine-log.ts'
import { pauseMs } from '#quarantine/release-pace.ts'
import { readStretchesResumed } from '#quarantine/resumed-reading.ts'
import type { TrafficEvent } from '#registrar/rehearsal.ts'
import { eventOfRecord, eventSetAside } from './traffic-record.ts'

/** Which traffic is to be read, and what is done with it. */
export interface TrafficReading {
  readonly connection: KafkaConnection
  readonly topicPrefix: string
  readonly modes: readonly Mode[]
  readonly domains: readonly Domain[]
  /** Milliseconds since the epoch. */
  readonly fromMs: number
  readonly tenant: TenantId | null
  readonly isWanted: (version: ApiVersion) => boolean
  /** Deepest nesting of a body, as the ingress has it. */
  readonly maxDepth: number
  /** Most records a second; null for as fast as it goes. */
  readonly rate: number | null
  readonly stopped: AbortSignal
  readonly onEvent: (event: TrafficEvent) => void
  /** Called after each fetch, with how many records were read. */
  readonly onRead: (read: number) => void
}

export interface TrafficEnd {
  /** How the reading ended that was not whole, or `read`. */
  readonly kind: StretchEnd['kind']
  /** Records, those that were not meant included. */
  readonly read: number
  /** Records of domain topics that are no events of ours. */
  readonly foreign: number
  /** Topics that do not exist, or that we may not see. */
  readonly missing: readonly string[]
}

/** What was set aside for these may be typed by a candidate; the rest has other faults. */
const REHEARSED_REASONS: ReadonlySet<string> = new Set(['unknown_version', 'schema_mismatch'])
/** Of one partition; kafkajs takes no more than 10 MB of all together. */
const BYTES_AT_ONCE = 131_072
const log = createLogger({ service: 'cli', level: 'silent' })

/** Reads one topic after the other, never faster than asked for. */
class Reader {
  readonly #reading: TrafficReading
  readonly #beganMs = performance.now()
  #read = 0
  #foreign = 0

  constructor(reading: TrafficReading) {
    this.#reading = reading
  }

  async run(): Promise<TrafficEnd> {
    const { modes, domains, topicPrefix } = this.#reading
    const quarantines = modes.map((mode) => quarantineTopic(topicPrefix, mode))
    const topics = modes.flatMap((mode) =>
      domains.map((domain) => eventTopic(topicPrefix, mode, domain)),
    )
    const existing = await this.#existing([...quarantines, ...topics])
    const missing = [...quarantines, ...topics].filter((topic) => !existing.has(topic))
    const ended = (kind: StretchEnd['kind']) => {
      return { kind, read: this.#read, foreign: this.#foreign, missing }
    }
    for (const topic of quarantines) {
      const kind = existing.has(topic) ? await this.#quarantine(topic) : 'read'
      if (kind !== 'read') return ended(kind)
    }
    // Its end is taken now: what was released since then is seen twice rather than not at all.
    const stretches = await this.#stretches(topics.filter((topic) => existing.has(topic)))
    return ended(await this.#domains(stretches))
  }

  async #existing(topics: readonly string[]): Promise<ReadonlySet<string>> {
    const { connection } = this.#reading
    return await viewCluster(
      connection,
      log,
      async (view) => new Set((await view.ranges(topics)).keys()),
    )
  }

  /** What waits; what was released lies on a domain topic as well. */
  async #quarantine(topic: string): Promise<StretchEnd['kind']> {
    const { connection, fromMs, tenant, stopped } = this.#reading
    const filter = { since: fromMs, tenant: tenant ?? undefined }
    const extents = await quarantineExtents({ connection, log, topic }, filter)
    const paced = this.#paced(quarantineLog({ connection, log, topic }))
    const common = { log: paced, stopped, onProgress: () => {} }
    const { end, inventory } = await takeInventory({ ...common, extents, filter })
    if (end.kind !== 'read') return kindOf(end)
    const chosen = { ...common, inventory, state: 'waiting' } as const
    return kindOf(await readChosen(chosen, (events) => this.#takeSetAside(topic, events)))
  }

  #paced(quarantine: QuarantineLog): QuarantineLog {
    return {
      topic: quarantine.topic,
      read: (stretches, stopped, onEntries) =>
        quarantine.read(stretches, stopped, async (partition, entries) => {
          await onEntries(partition, entries)
          await this.#pace(entries.length)
        }),
    }
  }

  #takeSetAside(topic: string, events: readonly SetAsideEvent[]): void {
    const { maxDepth, domains } = this.#reading
    for (const event of events) {
      if (!REHEARSED_REASONS.has(event.reason)) continue
      const read = eventSetAside(topic, event, maxDepth)
      if (read !== null && domains.includes(domainOf(read.envelope.type))) this.#take(read)
    }
  }

  async #stretches(topics: readonly string[]): Promise<readonly LogStretch[]> {
    const { connection, fromMs, tenant } = this.#reading
    return await viewCluster(connection, log, async (view) => {
      const stretches: LogStretch[] = []
      for (const [topic, ranges] of await view.ranges(topics)) {
        const firsts = await view.offsetsAt(topic, fromMs)
        const only = tenant === null ? null : partitionOf(Buffer.from(tenant), ranges.length)
        for (const { partition, high } of ranges) {
          const from = firsts.get(partition) ?? high
          if (only !== null && partition !== only) continue
          stretches.push({ topic, partition, from, to: high })
        }
      }
      return stretches
    })
  }

  async #domains(stretches: readonly LogStretch[]): Promise<StretchEnd['kind']> {
    const { connection, stopped, maxDepth } = this.#reading
    const end = await readStretchesResumed({
      connection,
      log,
      stretches,
      bytesAtOnce: BYTES_AT_ONCE,
      signal: stopped,
      onRecords: async (stretch, records) => {
        for (const record of records) {
          const event = eventOfRecord(stretch, record, maxDepth)
          if (event === null) this.#foreign += 1
          else this.#take(event)
        }
        await this.#pace(records.length)
      },
    })
    return kindOf(end)
  }

  #take(event: TrafficEvent): void {
    const { tenant, isWanted, onEvent } = this.#reading
    const { tenantId, apiVersion } = event.envelope
    if (tenant !== null && tenantId !== tenant) return
    if (isWanted(apiVersion)) onEvent(event)
  }

  async #pace(records: number): Promise<void> {
    const { rate, stopped, onRead } = this.#reading
    this.#read += records
    onRead(this.#read)
    if (rate === null) return
    const pause = pauseMs(this.#read, performance.now() - this.#beganMs, rate)
    await delay(pause, undefined, { signal: stopped }).catch(() => {})
  }
}

/** @throws what a handler threw, which is a fault of ours */
function kindOf(end: StretchEnd): StretchEnd['kind'] {
  if (end.kind === 'handler_failed') throw end.error
  return end.kind
}

/**
 * Reads what lies on the topics: what waits in the quarantine for a schema, then the domain topics
 * as they are by then. Changes nothing and leaves no consumer group behind.
 *
 * @throws when Kafka cannot be reached at the beginning
 */
export async function readTraffic(reading: TrafficReading): Promise<TrafficEnd> {
  return await new Reader(reading).run()
}
