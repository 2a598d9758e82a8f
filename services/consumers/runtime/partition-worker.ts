import { setTimeout as delay } from 'node:timers/promises'
import type { Mode } from '#core/routing.ts'
import type { BatchLease, FetchedBatch, FetchedRecord } from '#platform/kafka/fetched-batch.ts'
import type { Database } from '#platform/postgres/database.ts'
import { databaseFailure } from '#platform/postgres/failure.ts'
import type { BatchWriter } from './batch.ts'
import type { DomainConsumer } from './contract.ts'
import type { Claim, Place } from './fence.ts'
import { claimPlace } from './fence.ts'
import type { BatchPlan } from './plan.ts'
import { planBatch } from './plan.ts'
import { aheadVerdict, nextAfter, positionVerdict } from './position.ts'
import type { ReadingContext } from './reading.ts'
import type { Report } from './report.ts'
import type { Schemas } from './schemas.ts'

export interface WorkerOptions {
  readonly domain: DomainConsumer
  readonly groupId: string
  readonly mode: Mode
  readonly database: Database
  readonly writer: BatchWriter
  readonly schemas: Schemas
  readonly schemaIdOf: (value: Uint8Array) => number | null
  readonly report: Report
  readonly batchMaxRecords: number
}

/** A part of a fetched batch that is one transaction. */
interface Chunk {
  readonly records: readonly FetchedRecord[]
  readonly fetchedOffset: bigint
  /** One after the last offset that it covers. */
  readonly endOffset: bigint
}

type StepResult = 'done' | 'given_up'

const BACK_OFF_MS = { first: 100, most: 5000 } as const
const SLICE_MS = 100
const STALLED_AFTER_MS = 90_000

/** A fetched batch in parts of at most `size` records, which cover its offsets without a gap. */
export function chunksOf(batch: FetchedBatch, size: number): readonly Chunk[] {
  const { records, fetchedOffset, endOffset } = batch
  const count = Math.ceil(records.length / size)
  return Array.from({ length: count }, (_, i) => {
    const own = records.slice(i * size, (i + 1) * size)
    const first = own[0]?.offset ?? fetchedOffset
    const following = records[(i + 1) * size]
    return {
      records: own,
      fetchedOffset: i === 0 ? fetchedOffset : first,
      endOffset: following?.offset ?? endOffset,
    }
  })
}

/** Milliseconds to wait before try number `tries` + 1: doubling, capped, with jitter. */
export function backOffMs(tries: number, random: number): number {
  const most = Math.min(BACK_OFF_MS.first * 2 ** Math.min(tries - 1, 16), BACK_OFF_MS.most)
  return most * (0.5 + random / 2)
}

/**
 * Takes the batches of one group through their life (`architecture.md`, "The life of a record").
 * The environment's faults are waited out here, in place, while a timer keeps the membership
 * alive; nothing is thrown back at Kafka.
 */
export class PartitionWorker {
  readonly #options: WorkerOptions
  readonly #claims = new Map<string, { readonly generation: number; claim: Claim }>()
  readonly #lastSeek = new Map<string, string>()
  readonly #inHand = new Map<string, number>()
  #databaseProblem: string | null = null

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  /** For readiness: null when the last thing asked of the database went well. */
  databaseProblem(): string | null {
    return this.#databaseProblem
  }

  /** For liveness: whether a batch has been in hand for long without any step done or tried. */
  stalled(nowMs: number): boolean {
    return [...this.#inHand.values()].some((since) => nowMs - since > STALLED_AFTER_MS)
  }

  async handle(batch: FetchedBatch, lease: BatchLease): Promise<void> {
    const place = this.#placeOf(batch)
    const key = keyOf(place)
    try {
      for (const chunk of chunksOf(batch, this.#options.batchMaxRecords)) {
        this.#inHand.set(key, Date.now())
        if ((await this.#persist(place, batch, chunk, lease)) === 'given_up') return
      }
    } finally {
      this.#inHand.delete(key)
    }
  }

  #placeOf({ topic, partition }: FetchedBatch): Place {
    return { groupId: this.#options.groupId, topic, partition }
  }

  /** Tries a chunk until it is done or the partition is no longer ours. */
  async #persist(
    place: Place,
    batch: FetchedBatch,
    chunk: Chunk,
    lease: BatchLease,
  ): Promise<StepResult> {
    for (let tries = 1; lease.held(); tries += 1) {
      this.#inHand.set(keyOf(place), Date.now())
      try {
        const result = await this.#attempt(place, batch, chunk, lease)
        this.#databaseProblem = null
        return result
      } catch (error) {
        const fault = databaseFailure(error) === 'environment' ? 'environment' : 'unknown'
        this.#databaseProblem =
          fault === 'environment' ? 'the database does not answer' : 'batches fail; see the log'
        this.#options.report.retried(place, fault, tries, error)
        await this.#wait(backOffMs(tries, Math.random()), lease)
      }
    }
    return 'given_up'
  }

  async #wait(ms: number, lease: BatchLease): Promise<void> {
    for (let left = ms; left > 0 && lease.held(); left -= SLICE_MS) {
      await delay(Math.min(left, SLICE_MS))
    }
  }

  async #attempt(
    place: Place,
    batch: FetchedBatch,
    chunk: Chunk,
    lease: BatchLease,
  ): Promise<StepResult> {
    const claim = await this.#claim(place, lease)
    if (claim === null) return 'given_up'
    if (!(await this.#inPlace(place, batch, chunk, claim, lease))) return 'given_up'
    const plan = await this.#plan(place, chunk, lease)
    if (plan === null) return 'given_up'
    const { fetchedOffset, endOffset } = chunk
    const { highWatermark } = batch
    const position = { nextOffset: claim.nextOffset, fetchedOffset, highWatermark }
    const nextOffset = nextAfter(position, endOffset - 1n)
    const begun = performance.now()
    const onStep = () => void this.#inHand.set(keyOf(place), Date.now())
    const result = await this.#options.writer.write({ place, claim, plan, nextOffset, onStep })
    if (result.kind === 'fenced') {
      this.#claims.delete(keyOf(place))
      this.#options.report.fenced(place)
      return 'given_up'
    }
    this.#claims.set(keyOf(place), {
      generation: lease.generation,
      claim: { epoch: claim.epoch, nextOffset },
    })
    this.#options.report.committed(place, plan, result, performance.now() - begun)
    await lease.done(endOffset)
    this.#options.report.lag(batch, endOffset)
    return 'done'
  }

  /** A claim of this generation; made only while the coordinator says that we are a member. */
  async #claim(place: Place, lease: BatchLease): Promise<Claim | null> {
    const known = this.#claims.get(keyOf(place))
    if (known?.generation === lease.generation) return known.claim
    if (!(await lease.confirmed())) return null
    const claim = await this.#options.database.transaction((transaction) =>
      claimPlace(transaction, place),
    )
    this.#claims.set(keyOf(place), { generation: lease.generation, claim })
    return claim
  }

  /** Whether the chunk is where the database expects it; otherwise Kafka is told to read again. */
  async #inPlace(
    place: Place,
    batch: FetchedBatch,
    { fetchedOffset }: Chunk,
    { nextOffset }: Claim,
    lease: BatchLease,
  ): Promise<boolean> {
    const { highWatermark } = batch
    const position = { nextOffset, fetchedOffset, highWatermark }
    const offsets = { next_offset: nextOffset, fetched_offset: fetchedOffset }
    const verdict = positionVerdict(position)
    if (verdict === 'handle') return true
    if (verdict === 'reset') {
      const fields = { ...offsets, high_watermark: highWatermark }
      this.#options.report.offsetJump(place, 'topic_reset', fields)
      return true
    }
    const ahead = aheadVerdict(position, await lease.lowWatermark())
    if (ahead.kind === 'handle') {
      // A group that begins on an aged topic has lost nothing that it ever had.
      const kind = nextOffset === 0n ? 'gap' : 'lost'
      this.#options.report.offsetJump(place, kind, { ...offsets, lost: ahead.lost })
      return true
    }
    return this.#seekBack(place, ahead.to, offsets, lease)
  }

  #seekBack(
    place: Place,
    to: bigint,
    offsets: { next_offset: bigint; fetched_offset: bigint },
    lease: BatchLease,
  ): boolean {
    const mark = `${lease.generation}/${to}`
    // Read again from there already, and nothing came: there is nothing to be read.
    if (this.#lastSeek.get(keyOf(place)) === mark) {
      this.#options.report.offsetJump(place, 'gap', offsets)
      return true
    }
    this.#lastSeek.set(keyOf(place), mark)
    this.#options.report.offsetJump(place, 'seek_back', { ...offsets, to })
    lease.seek(to)
    return false
  }

  /** Null when the partition was lost while waiting for the catalogue. */
  async #plan(place: Place, chunk: Chunk, lease: BatchLease): Promise<BatchPlan | null> {
    const { schemas, schemaIdOf, domain, mode } = this.#options
    const ids = new Set(
      chunk.records.flatMap(({ value }) => {
        const id = value === null ? null : schemaIdOf(value)
        return id === null ? [] : [id]
      }),
    )
    const keepOn = () => {
      // Waiting for a catalogue that is away is no standstill of ours.
      this.#inHand.set(keyOf(place), Date.now())
      return lease.held()
    }
    if (!(await schemas.settled(ids, keepOn))) return null
    const context: ReadingContext = {
      mode,
      schemaIdOf,
      decoderOf: (schemaId) => schemas.decoderOf(schemaId),
    }
    return planBatch(domain, chunk.records, context)
  }
}

function keyOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`
}
