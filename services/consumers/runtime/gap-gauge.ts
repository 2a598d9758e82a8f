import type { Database } from '#platform/postgres/database.ts'

/** Gaps of a group that have been open for longer than the grace, by what shows them. */
export interface OverdueGaps {
  /** A field that an update names was otherwise before it. */
  readonly contradicted: number
  /** A field changed and no update names it. */
  readonly silent: number
}

const OVERDUE = `
SELECT count(*) FILTER (WHERE cardinality(contradicted) > 0) AS contradicted,
  count(*) FILTER (WHERE cardinality(contradicted) = 0) AS silent
FROM runtime.gaps
WHERE group_id = $1 AND closed_at IS NULL AND found_at <= now() - make_interval(secs => $2)`

/**
 * Counts what an alert should count: younger gaps may be disorder, which the sender's next tries
 * put right.
 */
export async function overdueGaps(
  database: Database,
  groupId: string,
  graceSeconds: number,
): Promise<OverdueGaps> {
  const values = [groupId, graceSeconds]
  const [row] = await database.session((connection) =>
    connection.query({ name: 'gaps_overdue', text: OVERDUE, values }),
  )
  return { contradicted: Number(row?.contradicted ?? 0), silent: Number(row?.silent ?? 0) }
}
