import type { EachBatchPayload } from 'kafkajs'

/** One record as it lies on the topic. */
export interface FetchedRecord {
  readonly offset: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Values as UTF-8 text; the first one where a header repeats. */
  readonly headers: Readonly<Record<string, string>>
}

/** What one fetch brought from one partition; never empty. */
export interface FetchedBatch {
  readonly topic: string
  readonly partition: number
  /** The offset that was asked for; everything between it and the first record does not exist. */
  readonly fetchedOffset: bigint
  /** One after the last record that can be read. */
  readonly highWatermark: bigint
  /** One after the last offset that this fetch covered, records that cannot be seen included. */
  readonly endOffset: bigint
  readonly records: readonly FetchedRecord[]
}

/** What a handler may do with the batch in its hands. */
export interface BatchLease {
  /** Counts up with every (re)assignment; claims of an older generation are void. */
  readonly generation: number
  /** False when the partition may belong to somebody else by now, or the service stops. */
  held(): boolean
  /** Asks the coordinator, unless it said so within the last second. */
  confirmed(): Promise<boolean>
  /** Everything below `nextOffset` is done: move on, and tell Kafka. */
  done(nextOffset: bigint): Promise<void>
  /** Read again from here. */
  seek(offset: bigint): void
  /** The first offset that the log still holds. */
  lowWatermark(): Promise<bigint>
}

function headerText(value: Buffer | string | (Buffer | string)[] | undefined): string {
  const first = Array.isArray(value) ? value[0] : value
  return first === undefined ? '' : first.toString()
}

/** A batch as kafkajs hands it over, with offsets as numbers of any size. */
export function fetchedBatch({ batch }: EachBatchPayload): FetchedBatch {
  const records = batch.messages.map(({ offset, key, value, headers }) => ({
    offset: BigInt(offset),
    key,
    value,
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, text]) => [name, headerText(text)]),
    ),
  }))
  // Present at run time, missing from kafkajs's types.
  const { fetchedOffset } = batch as unknown as { fetchedOffset: string }
  return {
    topic: batch.topic,
    partition: batch.partition,
    fetchedOffset: BigInt(fetchedOffset),
    highWatermark: BigInt(batch.highWatermark),
    endOffset: BigInt(batch.lastOffset()) + 1n,
    records,
  }
}
