import type { Row, Transaction } from '#platform/postgres/database.ts'

/** What a partition of a topic holds: from `low` to before `high`. */
interface LogRange {
  readonly partition: number
  readonly low: bigint
  readonly high: bigint
}

/** What a group has not handled yet of one partition; `from` is the oldest of it. */
export interface Backlog {
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

/** Where a group stands on a topic, by partition: everything below is done. */
export interface GroupPosition {
  readonly groupId: string
  readonly topic: string
  readonly nextOffsets: ReadonlyMap<number, bigint>
}

const TROUBLES = ['parked_tenants', 'parked_events', 'set_aside', 'anomalies', 'gaps_open'] as const
type Trouble = (typeof TROUBLES)[number]

/** What waits for a person, counted up to `COUNTED_TO`. */
export interface GroupTroubles {
  readonly counts: Readonly<Record<Trouble, number>>
  /** Milliseconds since the epoch; null when no tenant is parked. */
  readonly parkedSinceMs: number | null
}

/** Counts end here, so that a large table costs no more than a small one. */
export const COUNTED_TO = 10_000

const TABLES: Readonly<Record<Trouble, { readonly table: string; readonly only: string }>> = {
  parked_tenants: { table: 'runtime.parked_tenants', only: 'true' },
  parked_events: { table: 'runtime.parked_events', only: 'true' },
  set_aside: { table: 'runtime.set_aside', only: 't.released_at IS NULL' },
  anomalies: { table: 'runtime.anomalies', only: 'true' },
  gaps_open: { table: 'runtime.gaps', only: 't.closed_at IS NULL' },
}

/**
 * What is left of a topic for a group. A position beyond the end of a partition is that of a topic
 * which was made anew since: all of it is left.
 */
export function backlogOf(
  ranges: readonly LogRange[],
  nextOffsets: ReadonlyMap<number, bigint>,
): readonly Backlog[] {
  return ranges.flatMap(({ partition, low, high }) => {
    const next = nextOffsets.get(partition) ?? 0n
    const from = next > high || next < low ? low : next
    return from < high ? [{ partition, from, to: high }] : []
  })
}

/** The number of records in backlogs. */
export function lagOf(backlogs: readonly Backlog[]): number {
  return Number(backlogs.reduce((sum, { from, to }) => sum + (to - from), 0n))
}

async function existing(connection: Transaction, tables: readonly string[]) {
  const text = 'SELECT n AS name FROM unnest($1::text[]) n WHERE to_regclass(n) IS NOT NULL'
  const rows = await connection.query({ text, values: [tables] })
  return new Set(rows.map(({ name }) => String(name)))
}

const POSITIONS = `
SELECT group_id, topic, partition, next_offset FROM runtime.consumer_offsets
WHERE topic = ANY($1::text[]) ORDER BY topic, group_id, partition`

/** Where every group stands on these topics; none before a consumer has ever run. */
export async function groupPositions(
  connection: Transaction,
  topics: readonly string[],
): Promise<readonly GroupPosition[]> {
  const there = await existing(connection, ['runtime.consumer_offsets'])
  if (there.size === 0) return []
  const rows = await connection.query({ text: POSITIONS, values: [topics] })
  const groups = new Map<string, { groupId: string; topic: string; next: Map<number, bigint> }>()
  for (const row of rows) {
    const groupId = String(row.group_id)
    const topic = String(row.topic)
    const key = `${groupId}\n${topic}`
    const group = groups.get(key) ?? { groupId, topic, next: new Map() }
    groups.set(key, group)
    group.next.set(Number(row.partition), row.next_offset as bigint)
  }
  return [...groups.values()].map(({ groupId, topic, next }) => ({
    groupId,
    topic,
    nextOffsets: next,
  }))
}

function countText(trouble: Trouble): string {
  const { table, only } = TABLES[trouble]
  return `
SELECT g.group_id, '${trouble}' AS trouble,
  (SELECT count(*) FROM (SELECT 1 FROM ${table} t
    WHERE t.group_id = g.group_id AND ${only} LIMIT ${COUNTED_TO}) c) AS n
FROM unnest($1::text[]) AS g (group_id)`
}

const PARKED_SINCE = `
SELECT group_id, min(parked_at) AS since FROM runtime.parked_tenants
WHERE group_id = ANY($1::text[]) GROUP BY group_id`

function troublesOf(
  groupId: string,
  counted: readonly Row[],
  parked: readonly Row[],
): GroupTroubles {
  const own = counted.filter((row) => row.group_id === groupId)
  const numberOf = (trouble: Trouble) => Number(own.find((row) => row.trouble === trouble)?.n ?? 0)
  const since = parked.find((row) => row.group_id === groupId)?.since
  return {
    counts: Object.fromEntries(TROUBLES.map((trouble) => [trouble, numberOf(trouble)])) as Record<
      Trouble,
      number
    >,
    parkedSinceMs: since instanceof Date ? since.getTime() : null,
  }
}

/** What waits for a person in each of the groups; tables that are not there yet count as empty. */
export async function groupTroubles(
  connection: Transaction,
  groupIds: readonly string[],
): Promise<ReadonlyMap<string, GroupTroubles>> {
  const tables = Object.values(TABLES).map(({ table }) => table)
  const there = await existing(connection, tables)
  const texts = TROUBLES.filter((trouble) => there.has(TABLES[trouble].table)).map(countText)
  const values = [groupIds]
  const counted =
    texts.length === 0 ? [] : await connection.query({ text: texts.join('\nUNION ALL'), values })
  const parked = there.has(TABLES.parked_tenants.table)
    ? await connection.query({ text: PARKED_SINCE, values })
    : []
  return new Map(groupIds.map((groupId) => [groupId, troublesOf(groupId, counted, parked)]))
}
