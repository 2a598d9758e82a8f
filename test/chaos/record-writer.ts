import type { OutgoingRecord } from '#core/commit.ts'
import { coverage } from '#core/commit.ts'
import { BatchSender } from '#platform/kafka/batch-sender.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../fixtures/eventually.ts'

const BATCH_RECORDS = 200

/** Writes straight to a topic, without an ingress. */
export class RecordWriter {
  readonly #sender: BatchSender

  constructor(connection: KafkaConnection) {
    const log = createLogger({ service: 'test', level: 'silent' })
    this.#sender = new BatchSender({
      connection,
      log,
      attemptTimeoutMs: 3500,
      reconnectDelayMs: 100,
    })
  }

  /** Writes records in their order, in batches, each until all of it is acknowledged. */
  async write(records: readonly OutgoingRecord[]): Promise<void> {
    for (let i = 0; i < records.length; i += BATCH_RECORDS) {
      await this.#batch(records.slice(i, i + BATCH_RECORDS))
    }
  }

  async #batch(batch: readonly OutgoingRecord[]): Promise<void> {
    await eventually(
      async () => {
        const attempt = await this.#sender.attempt(batch)
        return attempt.kind === 'answered' && !coverage(batch, attempt.partitions).includes(null)
      },
      { withinMs: 60_000 },
    )
  }

  async close(): Promise<void> {
    await this.#sender.close()
  }
}
