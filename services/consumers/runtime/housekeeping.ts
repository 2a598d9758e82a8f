import type { Database, Transaction } from '#platform/postgres/database.ts'
import { databaseFailure } from '#platform/postgres/failure.ts'

/**
 * Days of `created` that the inbox holds. The sender replays events for 30 days and retries each
 * delivery for 7 more, so a copy that comes later than 38 days after `created` cannot be.
 */
const INBOX_DAYS = { kept: 38, behind: 31, ahead: 7 } as const

const DAY_MS = 86_400_000
const PREFIX = 'inbox_d'
const LOCK_KEY = 7_205_759_403_792_002n
const STEP_ROWS = 5000

interface DayPartition {
  readonly name: string
  /** First day, ISO date; the partition ends before `to`. */
  readonly from: string
  readonly to: string
}

export interface PartitionPlan {
  readonly create: readonly DayPartition[]
  /** Names of partitions whose day is over and past. */
  readonly drop: readonly string[]
}

function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function dayPartition(ms: number): DayPartition {
  const from = dayText(ms)
  return { name: `${PREFIX}${from.replaceAll('-', '')}`, from, to: dayText(ms + DAY_MS) }
}

function dayOf(name: string): number | null {
  const match = /^inbox_d(\d{4})(\d{2})(\d{2})$/.exec(name)
  if (match === null) return null
  const ms = Date.parse(`${match[1]}-${match[2]}-${match[3]}T00:00:00Z`)
  return Number.isNaN(ms) ? null : ms
}

/** Which day partitions are to be made and which are to be dropped. Other tables are left alone. */
export function partitionPlan(existing: readonly string[], nowMs: number): PartitionPlan {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS
  const length = INBOX_DAYS.behind + INBOX_DAYS.ahead + 1
  const wanted = Array.from({ length }, (_, i) =>
    dayPartition(today + (i - INBOX_DAYS.behind) * DAY_MS),
  )
  const oldest = today - INBOX_DAYS.kept * DAY_MS
  return {
    create: wanted.filter(({ name }) => !existing.includes(name)),
    drop: existing.filter((name) => (dayOf(name) ?? oldest) < oldest),
  }
}

const EXISTING = `
SELECT c.relname AS name FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'runtime.inbox'::regclass`

async function existingPartitions(connection: Transaction): Promise<readonly string[]> {
  const rows = await connection.query({ text: EXISTING, values: [] })
  return rows.map((row) => String(row.name))
}

/** Changes to partitions lock the inbox for a moment; rather later than a pile of waiters. */
async function change(connection: Transaction, text: string): Promise<boolean> {
  try {
    await connection.query({
      text: `BEGIN; SET LOCAL lock_timeout = '2s'; ${text}; COMMIT;`,
      values: [],
    })
    return true
  } catch (error) {
    await connection.query({ text: 'ROLLBACK', values: [] })
    const late = (error as { code?: unknown }).code === '55P03'
    // Class 23: rows of that day already lie in the default partition, where they serve as well.
    if (!late && databaseFailure(error) !== 'data') throw error
    return false
  }
}

async function sweepDefault(connection: Transaction): Promise<number> {
  const text = `
WITH old AS (
  SELECT ctid FROM runtime.inbox_default
  WHERE handled_at < now() - make_interval(days => $1) LIMIT ${STEP_ROWS})
DELETE FROM runtime.inbox_default d USING old WHERE d.ctid = old.ctid RETURNING 1 AS one`
  let swept = 0
  for (;;) {
    const rows = await connection.query({ text, values: [INBOX_DAYS.kept] })
    swept += rows.length
    if (rows.length < STEP_ROWS) return swept
  }
}

export interface HousekeepingResult {
  readonly created: number
  readonly dropped: number
  /** Changes that have to wait for the next time. */
  readonly postponed: number
  readonly swept: number
}

/**
 * Makes the inbox's day partitions ahead, drops old days whole and removes old rows of the default
 * partition in small steps. Services that do it at once wait for each other.
 */
export async function keepHouse(database: Database, nowMs: number): Promise<HousekeepingResult> {
  return await database.session(async (connection) => {
    await connection.query({ text: 'SELECT pg_advisory_lock($1)', values: [LOCK_KEY] })
    const { create, drop } = partitionPlan(await existingPartitions(connection), nowMs)
    let created = 0
    let dropped = 0
    for (const { name, from, to } of create) {
      const range = `FOR VALUES FROM ('${from}') TO ('${to}')`
      const text = `CREATE TABLE runtime.${name} PARTITION OF runtime.inbox ${range}`
      if (await change(connection, text)) created += 1
    }
    for (const name of drop) {
      if (await change(connection, `DROP TABLE runtime.${name}`)) dropped += 1
    }
    const swept = await sweepDefault(connection)
    await connection.query({ text: 'SELECT pg_advisory_unlock($1)', values: [LOCK_KEY] })
    const postponed = create.length + drop.length - created - dropped
    return { created, dropped, postponed, swept }
  })
}
