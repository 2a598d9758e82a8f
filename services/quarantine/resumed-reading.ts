import { setTimeout as delay } from 'node:timers/promises'
import type {
  LogStretch,
  StretchEnd,
  StretchReading,
  StretchRecord,
} from '#platform/kafka/log-stretch.ts'
import { readStretches } from '#platform/kafka/log-stretch.ts'

type OnRecords = (stretch: LogStretch, records: readonly StretchRecord[]) => void | Promise<void>

export interface ResumedReading {
  readonly stretches: readonly LogStretch[]
  /** Reads once, in order of a partition, one call at a time. */
  readonly read: (stretches: readonly LogStretch[], onRecords: OnRecords) => Promise<StretchEnd>
  readonly onRecords: OnRecords
  /** Waits before another try. */
  readonly pause: () => Promise<void>
}

/** A coordinator that moves or a frozen broker ends a reading, and long work outlives many of them. */
const MOST_FAILURES = 3
const RESUME_AFTER_MS = 1000

function keyOf({ topic, partition }: LogStretch): string {
  return `${topic}/${partition}`
}

function isPassing({ kind }: StretchEnd): boolean {
  return kind === 'crashed' || kind === 'silent'
}

/** Reads on where a reading broke off, until it fails three times in a row without a record. */
export async function readResumed(reading: ResumedReading): Promise<StretchEnd> {
  const { stretches, read, onRecords, pause } = reading
  const next = new Map(stretches.map((stretch) => [keyOf(stretch), stretch.from]))
  for (let failures = 1; ; failures += 1) {
    const left = stretches.map((stretch) => ({
      ...stretch,
      from: next.get(keyOf(stretch)) ?? stretch.from,
    }))
    const end = await read(left, async (stretch, records) => {
      await onRecords(stretch, records)
      const last = records.at(-1)
      if (last !== undefined) next.set(keyOf(stretch), last.offset + 1n)
      failures = 0
    })
    if (!isPassing(end) || failures === MOST_FAILURES) return end
    await pause()
  }
}

/** Reads parts of topics in a cluster, and on after a second where a reading broke off. */
export async function readStretchesResumed(reading: StretchReading): Promise<StretchEnd> {
  const { stretches, onRecords, signal } = reading
  return await readResumed({
    stretches,
    onRecords,
    // An abort is no failure: the next reading ends with it.
    pause: () => delay(RESUME_AFTER_MS, undefined, { signal }).catch(() => {}),
    read: (left, take) => readStretches({ ...reading, stretches: left, onRecords: take }),
  })
}
