import { setTimeout as delay } from 'node:timers/promises'
import type { CatalogueEntry } from '#core/catalogue.ts'
import { catalogueKey, catalogueValue } from '#core/catalogue.ts'
import type { Attempt, OutgoingRecord } from '#core/commit.ts'
import { coverage } from '#core/commit.ts'
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

function recordOf(topic: string, entry: CatalogueEntry): OutgoingRecord {
  return {
    topic,
    partition: 0,
    key: catalogueKey(entry.version),
    value: Buffer.from(catalogueValue(entry)),
    headers: {},
  }
}

function isCovered(record: OutgoingRecord, attempt: Attempt): boolean {
  return attempt.kind === 'answered' && coverage([record], attempt.partitions)[0] !== null
}

async function written(
  sender: BatchSender,
  record: OutgoingRecord,
  deadline: number,
): Promise<WriteProblem> {
  for (;;) {
    const attempt = await sender.attempt([record])
    if (isCovered(record, attempt)) return null
    if (attempt.kind === 'refused') return `Kafka refuses the entry (${attempt.reason})`
    if (performance.now() > deadline) return 'Kafka does not acknowledge the entry'
    await delay(BACK_OFF_MS)
  }
}

/**
 * Writes entries with acks=all, one after another, each repeated until the broker's answer names
 * it (P2); a repeat is harmless, since the topic is compacted by version.
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
    for (const entry of entries) {
      const problem = await written(sender, recordOf(topic, entry), deadline)
      if (problem !== null) return `${entry.version}: ${problem}`
    }
    return null
  } finally {
    await sender.close()
  }
}
