import type { Attempt, OutgoingRecord } from '#core/commit.ts'
import { coverage } from '#core/commit.ts'
import { BatchSender } from '#platform/kafka/batch-sender.ts'
import { cappedWait } from '#platform/kafka/capped-wait.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type { Logger } from '#platform/log.ts'
import type { SecretUsage } from './secret-usage.ts'
import type { IngressSettings } from './settings.ts'

/** A sender of its own, so that nothing of this is ever in the way of a webhook. */
interface RecordSender {
  attempt(batch: readonly OutgoingRecord[]): Promise<Attempt>
  close(): Promise<void>
}

export interface SecretUsageWriterOptions {
  readonly usage: SecretUsage
  readonly sender: RecordSender
  readonly intervalMs: number
  readonly log: Logger
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const BATCH_RECORDS = 200
const RECONNECT_DELAY_MS = 1000
/** What a stop may wait for the last figures. */
const LAST_CAP_MS = 2000

/**
 * Writes down which secrets matched: those that did since the last time, at intervals and at the
 * end; then until when that is all, since a secret that is silent looks like one that nobody writes
 * about. What cannot be written is tried again at the next interval; it is said once, until it works.
 */
export class SecretUsageWriter {
  readonly #options: SecretUsageWriterOptions
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> | null = null
  #complained = false
  #sinceMs: number

  constructor(options: SecretUsageWriterOptions) {
    this.#options = options
    this.#sinceMs = options.now()
  }

  start(): void {
    this.#sinceMs = this.#options.now()
    this.#timer = setInterval(() => void this.#write(), this.#options.intervalMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    const last = (async () => {
      await this.#writing
      await this.#write()
    })()
    await cappedWait(last, LAST_CAP_MS)
    await this.#options.sender.close()
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null
    })
    return this.#writing
  }

  async #writeAll(): Promise<void> {
    const { usage, intervalMs: everyMs, now } = this.#options
    const untilMs = now()
    const span = usage.recorded({ sinceMs: this.#sinceMs, untilMs, everyMs })
    const rows = [...usage.unwritten(), { record: span, written: () => undefined }]
    for (let from = 0; from < rows.length; from += BATCH_RECORDS) {
      const batch = rows.slice(from, from + BATCH_RECORDS)
      const problem = await this.#problemWith(batch.map(({ record }) => record))
      if (problem !== null) return this.#complain(problem)
      for (const { written } of batch) written()
    }
    this.#complained = false
  }

  async #problemWith(records: readonly OutgoingRecord[]): Promise<string | null> {
    const attempt = await this.#options.sender.attempt(records)
    if (attempt.kind !== 'answered') return attempt.reason
    return coverage(records, attempt.partitions).includes(null) ? 'uncovered' : null
  }

  #complain(reason: string): void {
    if (!this.#complained) this.#options.log.warn({ event: 'endpoint_usage.unwritten', reason })
    this.#complained = true
  }
}

/** A writer over a connection of its own, whose troubles are nobody else's. */
export function usageWriter(
  usage: SecretUsage,
  settings: IngressSettings,
  log: Logger,
): SecretUsageWriter {
  const sender = new BatchSender({
    connection: connectionOf(settings, 'event-router-ingress-usage'),
    // It complains at each attempt; once is enough, and that is said here.
    log: log.child({}, { level: 'silent' }),
    attemptTimeoutMs: settings.attemptTimeoutMs,
    reconnectDelayMs: RECONNECT_DELAY_MS,
  })
  const { endpointUsageMs: intervalMs } = settings
  return new SecretUsageWriter({ usage, sender, intervalMs, log, now: Date.now })
}
