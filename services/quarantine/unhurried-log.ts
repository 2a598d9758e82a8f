import { setTimeout as delay } from 'node:timers/promises'
import type { QuarantineLog } from './quarantine-log.ts'

/** Times what a part took. */
const RESTS = 3
/** Longer pauses would only let the coordinator wonder. */
const LONGEST_REST_MS = 200

/**
 * The same log, read in a quarter of the time at most: after each part a rest three times as long as
 * it took to come and to be looked at. A backlog is megabytes, and whoever reads it shares machine and brokers.
 */
export function unhurriedLog(log: QuarantineLog): QuarantineLog {
  return {
    topic: log.topic,
    read: async (stretches, stopped, onEntries) => {
      let begunMs = performance.now()
      return await log.read(stretches, stopped, async (partition, entries) => {
        await onEntries(partition, entries)
        const restMs = Math.min(RESTS * (performance.now() - begunMs), LONGEST_REST_MS)
        // An abort is no failure: whoever reads looks at the signal.
        await delay(restMs, undefined, { signal: stopped }).catch(() => {})
        begunMs = performance.now()
      })
    },
  }
}
