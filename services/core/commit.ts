import type { Coordinate } from './outcome.ts'

/** A record on its way to Kafka, its partition already chosen. */
export interface OutgoingRecord {
  readonly topic: string
  readonly partition: number
  readonly key: string
  /** Null for a record that is all key and headers. */
  readonly value: Uint8Array | null
  readonly headers: Readonly<Record<string, string>>
}

/** What a broker's produce answer says of one partition. */
export interface PartitionAnswer {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** Decimal offset of the first record written; missing or negative when nothing is known. */
  readonly baseOffset: string | undefined
}

/**
 * Why partitions are stuck. `absence`: all have a copy on a broker that answers nobody. `silence`:
 * nothing is known of them, although others were answered. `error`: one of them at least cannot be written.
 */
export type StuckCause = 'absence' | 'silence' | 'error'

/** Partitions that no record gets to, although others are written. */
export interface Stuck {
  /** As `placeOf` names them; also such as were not in the batch. */
  readonly places: ReadonlySet<string>
  readonly cause: StuckCause
}

/**
 * What one attempt to write a batch came to. `answered`: by one broker at least. `refused`: a broker will not take at least one of
 * these records, however often it is asked; the scope says whether a record or a whole topic is
 * at fault. `failed`: a broker answered with an error that passes, for at least one partition; the
 * others may have been written. `unknown`: anything else, so the batch may have been written in
 * part or whole.
 */
export type Attempt =
  | {
      readonly kind: 'answered'
      readonly partitions: readonly PartitionAnswer[]
      readonly stuck?: Stuck
    }
  | { readonly kind: 'refused'; readonly scope: 'record' | 'topic'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

/** One name for a topic and a partition of it. */
export function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

/** The places of records. */
export function placesOf(records: readonly OutgoingRecord[]): ReadonlySet<string> {
  return new Set(records.map(({ topic, partition }) => placeOf(topic, partition)))
}

function baseOffsets(partitions: readonly PartitionAnswer[]): Map<string, bigint> {
  const bases = new Map<string, bigint>()
  for (const { topic, partition, errorCode, baseOffset } of partitions) {
    if (errorCode !== 0 || baseOffset === undefined || !/^\d+$/.test(baseOffset)) continue
    bases.set(placeOf(topic, partition), BigInt(baseOffset))
  }
  return bases
}

/**
 * The coverage check (`client-pitfalls.md`, P2): a record is durable only when the answer names
 * its topic and partition without error and with a base offset. kafkajs resolves a send although
 * some of its partitions were never written; those come back as null here, in the batch's order.
 */
export function coverage(
  batch: readonly OutgoingRecord[],
  partitions: readonly PartitionAnswer[],
): readonly (Coordinate | null)[] {
  const next = baseOffsets(partitions)
  return batch.map(({ topic, partition }) => {
    const place = placeOf(topic, partition)
    const offset = next.get(place)
    if (offset === undefined) return null
    next.set(place, offset + 1n)
    return { topic, partition, offset: offset.toString() }
  })
}

/** Limits of one batch: encoding is synchronous, and 200 records stall the loop for about 4 ms. */
export interface BatchLimits {
  readonly records: number
  readonly bytes: number
}

/**
 * How many records from the front of the queue make the next batch: as many as fit the limits, at
 * least one, since a record larger than the limit must still go out alone.
 */
export function batchLength(sizes: readonly number[], limits: BatchLimits): number {
  let bytes = 0
  let length = 0
  for (const size of sizes) {
    if (length >= limits.records || (length > 0 && bytes + size > limits.bytes)) break
    bytes += size
    length += 1
  }
  return length
}
