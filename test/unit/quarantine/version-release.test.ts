import { describe, expect, it } from 'vitest'
import type { Attempt, OutgoingRecord } from '#core/commit.ts'
import { routesOf } from '#quarantine/current-routes.ts'
import type { QuarantineEntry, SetAsideEvent } from '#quarantine/entry.ts'
import { markerOf } from '#quarantine/entry.ts'
import type { QuarantineLog } from '#quarantine/quarantine-log.ts'
import { ReleaseTally } from '#quarantine/release-tally.ts'
import { gentleRate, VersionRelease } from '#quarantine/version-release.ts'
import { bodyOf, catalogueEntry, RECEIVED_MS, setAside, TOPIC } from './set-aside.ts'

const VERSION = '2032-01-01'
const PARTITION = 3

/** One partition of a quarantine, and whatever is written to any topic. */
class Cluster implements QuarantineLog {
  readonly topic = TOPIC
  readonly entries: QuarantineEntry[] = []
  readonly domain: OutgoingRecord[] = []
  /** Where each reading began. */
  readonly readFrom: bigint[] = []
  #ids = 0

  aside(
    reason: SetAsideEvent['reason'] = 'unknown_version',
    version = VERSION,
    times: { readonly signedAtSeconds?: number } = {},
  ): void {
    this.#ids += 1
    const body = bodyOf({ id: `evt_${this.#ids}`, api_version: version })
    const event = setAside(reason as never, body, { offset: BigInt(this.entries.length), ...times })
    this.entries.push({ ...event, partition: PARTITION })
  }

  async read(...[stretches, , onEntries]: Parameters<QuarantineLog['read']>) {
    for (const { from, to } of stretches) {
      this.readFrom.push(from)
      const placed = this.entries.map((entry, n) => ({ offset: BigInt(n), entry }))
      const wanted = placed.filter(({ offset }) => offset >= from && offset < to)
      try {
        if (wanted.length > 0) await onEntries(PARTITION, wanted)
      } catch (error) {
        return { kind: 'handler_failed' as const, error }
      }
    }
    return { kind: 'read' as const }
  }

  async attempt(batch: readonly OutgoingRecord[]): Promise<Attempt> {
    const partitions = new Map<string, { topic: string; partition: number; baseOffset: string }>()
    for (const record of batch) {
      const { topic, partition, headers } = record
      const log = topic === TOPIC ? this.entries : this.domain
      const place = `${topic}/${partition}`
      const first = { topic, partition, baseOffset: String(log.length) }
      partitions.set(place, partitions.get(place) ?? first)
      if (topic === TOPIC) this.entries.push(markerOf(headers) ?? { kind: 'foreign' })
      else this.domain.push(record)
    }
    const answered = [...partitions.values()].map((one) => ({ ...one, errorCode: 0 }))
    return { kind: 'answered', partitions: answered }
  }

  async extents() {
    const high = BigInt(this.entries.length)
    return [{ partition: PARTITION, from: 0n, to: high, high }]
  }

  released(): readonly unknown[] {
    return this.domain.map(({ headers }) => headers.ce_id)
  }
}

function releaseOf(cluster: Cluster, isAlone = async () => true, rate = 100_000) {
  const table = routesOf([catalogueEntry(VERSION, 'active', '2026-05-19')], 'acme')
  const tally = new ReleaseTally()
  const release = new VersionRelease({
    version: VERSION,
    quarantines: [{ mode: 'sandbox', log: cluster, extents: () => cluster.extents() }],
    judgement: { table, cardNumbersHeld: false, toleranceSeconds: 300, jsonDepth: 64 },
    attempts: cluster,
    isAlone,
    rate,
    stopped: new AbortController().signal,
    tally,
    onStep: () => {},
  })
  return { release, tally }
}

/** A look, and the release of what it found. */
async function round(release: VersionRelease, withinMs: number | null = null) {
  const look = await release.look()
  if (look.kind !== 'looked') return look
  return { ...(await release.release(withinMs)), events: look.events }
}

describe('a release of a version', () => {
  it('moves what was unknown, in order, and leaves what was set aside for another reason', async () => {
    const cluster = new Cluster()
    cluster.aside()
    cluster.aside('stale_signature')
    cluster.aside('unknown_version', '2033-03-03')
    cluster.aside()
    const { release, tally } = releaseOf(cluster)
    expect(await round(release)).toEqual({ kind: 'done', events: 2 })
    expect(cluster.released()).toEqual(['evt_1', 'evt_4'])
    expect([tally.moved, tally.stayed, tally.unmarked]).toEqual([2, 0, 0])
  })

  it('leaves nothing behind that an ingress with another tolerance had accepted', async () => {
    const cluster = new Cluster()
    cluster.aside('unknown_version', VERSION, { signedAtSeconds: RECEIVED_MS / 1000 - 3000 })
    const { release, tally } = releaseOf(cluster)
    expect(await round(release)).toEqual({ kind: 'done', events: 1 })
    expect([tally.moved, tally.stayed]).toEqual([1, 0])
  })

  it('looks in a later round only at what has come since', async () => {
    const cluster = new Cluster()
    cluster.aside()
    cluster.aside()
    const { release } = releaseOf(cluster)
    await round(release)
    cluster.aside()
    const before = cluster.readFrom.length
    expect(await round(release)).toEqual({ kind: 'done', events: 1 })
    expect(cluster.readFrom.slice(before).every((from) => from >= 2n)).toBe(true)
    expect(cluster.released()).toEqual(['evt_1', 'evt_2', 'evt_3'])
  })

  it('looks once more at what a round that did not end has left', async () => {
    const cluster = new Cluster()
    cluster.aside()
    let alone = false
    const { release } = releaseOf(cluster, async () => alone)
    expect(await round(release)).toMatchObject({ kind: 'halted' })
    expect(cluster.released()).toEqual([])
    alone = true
    expect(await round(release)).toEqual({ kind: 'done', events: 1 })
    expect(cluster.released()).toEqual(['evt_1'])
  })

  it('keeps to its rate in each round by itself', async () => {
    const cluster = new Cluster()
    const { release } = releaseOf(cluster, undefined, 20)
    const tookMs: number[] = []
    for (let lap = 0; lap < 12; lap += 1) {
      for (let n = 0; n < 2; n += 1) cluster.aside()
      const begun = performance.now()
      await round(release)
      tookMs.push(performance.now() - begun)
    }
    // Two at 20 a second; were all rounds one, the last would take 1.2 s.
    for (const ms of tookMs) expect(ms).toBeGreaterThan(80)
    expect(tookMs.at(-1)).toBeLessThan(600)
  })

  it('looks without moving anything, and a later look finds it still there', async () => {
    const cluster = new Cluster()
    cluster.aside()
    const { release } = releaseOf(cluster)
    expect(await release.look()).toEqual({ kind: 'looked', events: 1 })
    cluster.aside()
    expect(await release.look()).toEqual({ kind: 'looked', events: 2 })
    expect(cluster.released()).toEqual([])
    await release.release(null)
    expect(cluster.released()).toEqual(['evt_1', 'evt_2'])
  })

  it('reads what waits for another reason once, however many looks follow', async () => {
    const cluster = new Cluster()
    for (let n = 0; n < 50; n += 1) cluster.aside('stale_signature')
    cluster.aside()
    cluster.aside()
    const { release } = releaseOf(cluster)
    await release.look()
    cluster.readFrom.length = 0
    expect(await release.look()).toEqual({ kind: 'looked', events: 2 })
    expect(cluster.readFrom).toEqual([50n])
    await release.release(null)
    expect(cluster.released()).toEqual(['evt_51', 'evt_52'])
    expect(await release.look()).toEqual({ kind: 'looked', events: 0 })
  })

  it('begins where nothing was found waiting, and sees what comes then', async () => {
    const cluster = new Cluster()
    for (let n = 0; n < 5; n += 1) cluster.aside('stale_signature')
    const { release } = releaseOf(cluster)
    await release.look()
    cluster.aside()
    expect(await release.look()).toEqual({ kind: 'looked', events: 1 })
    expect(cluster.readFrom).toEqual([0n, 5n])
  })

  it('takes the time that it is given, within its limit', () => {
    expect(gentleRate(10_000, 20_000, 1000)).toBe(500)
    expect(gentleRate(100_000, 20_000, 1000)).toBe(1000)
    // Nobody notices 200 a second.
    expect(gentleRate(10, 20_000, 1000)).toBe(200)
    expect(gentleRate(10, 20_000, 50)).toBe(50)
    expect(gentleRate(10_000, null, 1000)).toBe(1000)
    expect(gentleRate(10_000, 0, 1000)).toBe(1000)
  })

  it('says that the topic is away, instead of taking it for empty', async () => {
    const cluster = new Cluster()
    cluster.extents = () => Promise.reject(new Error('away'))
    expect(await round(releaseOf(cluster).release)).toMatchObject({ kind: 'halted' })
  })
})
