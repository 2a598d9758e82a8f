import { describe, expect, it } from 'vitest'
import type { Attempt, OutgoingRecord } from '#core/commit.ts'
import type { BatchAttempts } from '#platform/kafka/durable-write.ts'
import type { StretchRecord } from '#platform/kafka/log-stretch.ts'
import type { Destination } from '#quarantine/destination.ts'
import type { SetAsideEvent } from '#quarantine/entry.ts'
import { quarantineEntry } from '#quarantine/entry.ts'
import type { Extent } from '#quarantine/extent.ts'
import type { QuarantineFilter } from '#quarantine/filter.ts'
import { takeInventory } from '#quarantine/inventory.ts'
import type { QuarantineLog } from '#quarantine/quarantine-log.ts'
import type { Release } from '#quarantine/release.ts'
import { release } from '#quarantine/release.ts'
import { ReleaseTally } from '#quarantine/release-tally.ts'
import { endpoint, TOPIC } from './set-aside.ts'

const CRASH = new Error('killed')
const PARTITIONS = 2
/** Records that a read hands over at once: small, so that a release has many steps. */
const AT_ONCE = 4

/** A cluster in memory, with a death at a chosen attempt. */
class Cluster implements QuarantineLog, BatchAttempts {
  readonly topic = TOPIC
  readonly logs = new Map<string, StretchRecord[]>()
  attempts = 0
  dies: { readonly at: number; readonly written: boolean } | null = null

  append({ topic, partition, key, value, headers }: OutgoingRecord): number {
    const place = `${topic}/${partition}`
    const log = this.logs.get(place) ?? []
    const offset = BigInt(log.length)
    const bytes = value === null ? null : Buffer.from(value)
    log.push({ offset, key: Buffer.from(key), value: bytes, headers, timestampMs: 0 })
    this.logs.set(place, log)
    return Number(offset)
  }

  async attempt(batch: readonly OutgoingRecord[]): Promise<Attempt> {
    this.attempts += 1
    const isDeath = this.dies?.at === this.attempts
    if (isDeath && this.dies?.written !== true) throw CRASH
    const bases = new Map<string, { topic: string; partition: number; base: number }>()
    for (const record of batch) {
      const base = this.append(record)
      const { topic, partition } = record
      const place = `${topic}/${partition}`
      if (!bases.has(place)) bases.set(place, { topic, partition, base })
    }
    if (isDeath) throw CRASH
    const partitions = [...bases.values()].map(({ topic, partition, base }) => ({
      topic,
      partition,
      errorCode: 0,
      baseOffset: String(base),
    }))
    return { kind: 'answered', partitions }
  }

  async read(...[stretches, stopped, onEntries]: Parameters<QuarantineLog['read']>) {
    for (const { partition, from, to } of stretches) {
      const log = this.logs.get(`${TOPIC}/${partition}`) ?? []
      const wanted = log.filter(({ offset }) => offset >= from && offset < to)
      for (let i = 0; i < wanted.length; i += AT_ONCE) {
        if (stopped.aborted) return { kind: 'stopped' as const }
        const records = wanted.slice(i, i + AT_ONCE)
        const entries = records.map((record) => ({
          offset: record.offset,
          entry: quarantineEntry(partition, record),
        }))
        try {
          await onEntries(partition, entries)
        } catch (error) {
          return { kind: 'handler_failed' as const, error }
        }
      }
    }
    return { kind: 'read' as const }
  }

  extents(): readonly Extent[] {
    return Array.from({ length: PARTITIONS }, (_, partition) => {
      const high = BigInt(this.logs.get(`${TOPIC}/${partition}`)?.length ?? 0)
      return { partition, from: 0n, to: high, high }
    })
  }

  /** What consumers see: each event once, where it came first. */
  seen(topic: string, partition: number): readonly string[] {
    const log = this.logs.get(`${topic}/${partition}`) ?? []
    return [...new Set(log.map(({ value }) => String(value)))]
  }

  copies(topic: string): number {
    return [...this.logs].reduce(
      (sum, [place, log]) => (place.startsWith(`${topic}/`) ? sum + log.length : sum),
      0,
    )
  }
}

/** Twenty events of two tenants in each partition; every fifth cannot be routed. */
function stocked(): Cluster {
  const cluster = new Cluster()
  for (let n = 0; n < 20 * PARTITIONS; n += 1) {
    const partition = n % PARTITIONS
    const reason = n % 5 === 0 ? 'schema_mismatch' : 'unknown_version'
    const key = `tnt_${partition}${n % 4}`
    const value = Buffer.from(`event ${n}`)
    cluster.append({ topic: TOPIC, partition, key, value, headers: { reason } })
  }
  return cluster
}

function destinationOf({ body, tenant, partition, reason }: SetAsideEvent): Destination {
  if (reason === 'schema_mismatch') return { kind: 'stays', reason, detail: 'data.card' }
  const owner = { ...endpoint(tenant), partition }
  const record = { topic: 'acme.sandbox.card', partition, key: tenant, value: body, headers: {} }
  return { kind: 'domain', domain: 'card', owner, record }
}

async function run(
  cluster: Cluster,
  changes: Partial<Release> = {},
  filter: QuarantineFilter = {},
) {
  const stopped = changes.stopped ?? new AbortController().signal
  const reading = { log: cluster, extents: cluster.extents(), filter, stopped }
  const { inventory } = await takeInventory({ ...reading, onProgress: () => {} })
  const tally = new ReleaseTally()
  const end = await release({
    log: cluster,
    inventory,
    destinationOf,
    attempts: cluster,
    isAlone: async () => true,
    rate: null,
    stopped,
    tally,
    onStep: () => {},
    ...changes,
  })
  return { end, tally, inventory }
}

function seenBy(cluster: Cluster): readonly (readonly string[])[] {
  return [0, 1].map((partition) => cluster.seen('acme.sandbox.card', partition))
}

describe('a release', () => {
  it('moves what can be routed in the order of each partition, and counts what stays', async () => {
    const cluster = stocked()
    const { end, tally } = await run(cluster)
    expect([end.kind, tally.moved, tally.stayed]).toEqual(['done', 32, 8])
    const wanted = (partition: number) =>
      Array.from({ length: 40 }, (_, n) => n)
        .filter((n) => n % 2 === partition && n % 5 !== 0)
        .map((n) => `event ${n}`)
    expect(seenBy(cluster)).toEqual([wanted(0), wanted(1)])
    expect(tally.stayedCounts()).toEqual([
      { reason: 'schema_mismatch', detail: 'data.card', events: 8, example: '0/0' },
    ])
  })

  it('run again moves nothing, and what stayed still waits', async () => {
    const cluster = stocked()
    await run(cluster)
    const attempts = cluster.attempts
    const again = await run(cluster)
    expect([again.tally.moved, again.inventory.counts]).toEqual([
      0,
      { waiting: 8, released: 32, all: 40 },
    ])
    expect(cluster.attempts).toBe(attempts)
  })

  it('that dies at any step, before or after the write, ends the same when it is run again', async () => {
    const whole = stocked()
    await run(whole)
    expect(whole.attempts).toBeGreaterThan(10)
    for (let at = 1; at <= whole.attempts; at += 1) {
      for (const written of [true, false]) {
        const cluster = stocked()
        cluster.dies = { at, written }
        await expect(run(cluster)).rejects.toBe(CRASH)
        cluster.dies = null
        await run(cluster)
        expect(seenBy(cluster)).toEqual(seenBy(whole))
        expect(cluster.copies('acme.sandbox.card')).toBeLessThanOrEqual(32 + AT_ONCE)
        expect((await run(cluster)).tally.moved).toBe(0)
      }
    }
  })

  it('writes nothing in a dry run, and tells the same', async () => {
    const cluster = stocked()
    const { tally } = await run(cluster, { attempts: null })
    expect([tally.moved, tally.stayed, cluster.attempts]).toEqual([32, 8, 0])
  })

  it('moves only what is meant', async () => {
    const cluster = stocked()
    const { tally } = await run(cluster, {}, { tenant: 'tnt_11' })
    expect(tally.movedCounts()).toEqual([
      { tenant: 'tnt_11', mode: 'sandbox', domain: 'card', events: 8 },
    ])
  })

  it('stops between steps when it is told to, with every event of the step marked', async () => {
    const cluster = stocked()
    const stop = new AbortController()
    const { end, tally } = await run(cluster, {
      stopped: stop.signal,
      onStep: () => stop.abort(),
    })
    expect(end.kind).toBe('stopped')
    expect(tally.moved).toBeLessThan(32)
    expect((await run(cluster)).tally.moved).toBe(32 - tally.moved)
    expect(cluster.copies('acme.sandbox.card')).toBe(32)
  })

  it('writes nothing more once it may not be alone', async () => {
    const cluster = stocked()
    let asked = 0
    const isAlone = async () => {
      asked += 1
      return asked < 3
    }
    const { end, tally } = await run(cluster, { isAlone })
    expect(end).toMatchObject({ kind: 'halted', why: expect.stringContaining('lock') })
    expect(cluster.copies('acme.sandbox.card')).toBe(tally.moved)
    expect(tally.moved).toBeLessThan(32)
  })

  it('says what could not be marked', async () => {
    const cluster = stocked()
    const attempts: BatchAttempts = {
      attempt: async (batch) =>
        batch.some(({ value }) => value === null)
          ? { kind: 'refused', scope: 'topic', reason: 'TOPIC_AUTHORIZATION_FAILED' }
          : await cluster.attempt(batch),
    }
    const { end, tally } = await run(cluster, { attempts })
    expect(end).toMatchObject({ kind: 'halted', why: expect.stringContaining(TOPIC) })
    expect(tally.unmarked).toBe(tally.moved)
    expect(tally.moved).toBeGreaterThan(0)
  })
})
