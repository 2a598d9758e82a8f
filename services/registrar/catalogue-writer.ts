import { setTimeout as delay } from 'node:timers/promises'
import type { CatalogueEntry } from '#core/catalogue.ts'
import { catalogueKey, catalogueValue } from '#core/catalogue.ts'
import type { Attempt, BatchLimits, OutgoingRecord } from '#core/commit.ts'
import { batchLength, coverage } from '#core/commit.ts'
import { BatchSender } from '#platform/kafka/batch-sender.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import type { Logger } from '#platform/log.ts'

/** Null when every entry is durable, otherwise why not. */
export type WriteProblem = string | null

export interface CatalogueWriting {
  readonly connection: KafkaConnection
  /** `<prefix>.control` */
  readonly topic: string
  readonly log: Logger
  readonly withinMs: number
}

const ATTEMPT_TIMEOUT_MS = 3500
const BACK_OFF_MS = 200
/** Below Kafka's limit of a megabyte; an entry has some 35 KB. */
const REQUEST: BatchLimits = { records: 200, bytes: 786_432 }

interface Part {
  readonly records: readonly OutgoingRecord[]
  readonly versions: readonly string[]
}

function recordOf(topic: string, entry: CatalogueEntry): OutgoingRecord {
  return {
    topic,
    partition: 0,
    key: catalogueKey(entry.version),
    value: Buffer.from(catalogueValue(entry)),
    headers: {},
  }
}

function isCovered(records: readonly OutgoingRecord[], attempt: Attempt): boolean {
  if (attempt.kind !== 'answered') return false
  return coverage(records, attempt.partitions).every((place) => place !== null)
}

async function written(
  sender: BatchSender,
  records: readonly OutgoingRecord[],
  deadline: number,
): Promise<WriteProblem> {
  for (;;) {
    const attempt = await sender.attempt(records)
    if (isCovered(records, attempt)) return null
    if (attempt.kind === 'refused') return `Kafka refuses the entry (${attempt.reason})`
    if (performance.now() > deadline) return 'Kafka does not acknowledge the entry'
    await delay(BACK_OFF_MS)
  }
}

/** Entries that go out together, as many as one request takes. */
function parts(entries: readonly CatalogueEntry[], topic: string): readonly Part[] {
  const parts: Part[] = []
  for (let from = 0; from < entries.length; ) {
    const records = entries.slice(from).map((entry) => recordOf(topic, entry))
    const sizes = records.map(({ value }) => value?.byteLength ?? 0)
    const length = batchLength(sizes, REQUEST)
    const versions = entries.slice(from, from + length).map(({ version }) => version)
    parts.push({ records: records.slice(0, length), versions })
    from += length
  }
  return parts
}

/**
 * Writes entries with acks=all, repeated until the broker's answer names them (P2); a repeat is
 * harmless, since the topic is compacted by version. They go out in one request, which Kafka takes
 * whole or not at all: a first registration that died among its entries would leave a catalogue
 * that is not empty, and the versions that it lacks would no longer be active at once.
 */
export async function writeCatalogue(
  { connection, topic, log, withinMs }: CatalogueWriting,
  entries: readonly CatalogueEntry[],
): Promise<WriteProblem> {
  const sender = new BatchSender({
    connection,
    log,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    reconnectDelayMs: BACK_OFF_MS,
  })
  const deadline = performance.now() + withinMs
  try {
    for (const { records, versions } of parts(entries, topic)) {
      const problem = await written(sender, records, deadline)
      if (problem !== null) return `${versions.join(', ')}: ${problem}`
    }
    return null
  } finally {
    await sender.close()
  }
}
