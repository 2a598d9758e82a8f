import { setTimeout as pause } from 'node:timers/promises'
import type { OutgoingRecord } from '#core/commit.ts'
import { pick } from '../integration/consumers/update-stream.ts'
import { transactionEvents } from './card-events.ts'
import type { Stand } from './stand.ts'

export interface LoadPlan {
  readonly tenants: number
  /** Distinct events at most; it ends earlier when it is told to. */
  readonly events: number
  /** Share of events that come once more, later. */
  readonly duplicates: number
  /** Records per second. */
  readonly rate: number
  readonly random: () => number
}

export interface PacedLoad {
  readonly done: Promise<void>
  /** Distinct events so far. */
  events(): number
  /** Ends it after the records in hand; resolves then. */
  stop(): Promise<void>
}

const STEP_RECORDS = 200
/** Copies come of the last so many events. */
const RECENT = 2000

/** Writes events of random tenants, with late duplicates, at a steady rate. */
export function startPacedLoad(stand: Stand, plan: LoadPlan): PacedLoad {
  const { tenants, events, duplicates, rate, random } = plan
  const recent: OutgoingRecord[] = []
  let made = 0
  let stopping = false
  const run = async () => {
    const eventOf = await transactionEvents()
    const begun = performance.now()
    let written = 0
    while (made < events && !stopping) {
      const records: OutgoingRecord[] = []
      while (records.length < STEP_RECORDS && made < events) {
        const tenantId = `tnt_${Math.floor(random() * tenants)}`
        const record = await stand.record(eventOf(tenantId, made))
        recent[made % RECENT] = record
        made += 1
        records.push(record)
        if (random() < duplicates) records.push(pick(random, recent))
      }
      await stand.write(records)
      written += records.length
      const early = (written / rate) * 1000 - (performance.now() - begun)
      if (early > 0) await pause(early)
    }
  }
  const done = run()
  return {
    done,
    events: () => made,
    stop: async () => {
      stopping = true
      await done
    },
  }
}
