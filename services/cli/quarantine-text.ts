import Table from 'cli-table3'
import { printable } from './printable.ts'
import type { EventStats, EventSummary } from './quarantine-summary.ts'
import { isoTime, placeOf } from './quarantine-summary.ts'

type Cell = string | number

/** More rows than a screen has are counted, not shown. */
const MOST_ROWS = 20

/** A table of which only the first rows are shown, and a line on the rest. */
export function cutTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } })
  for (const row of rows.slice(0, MOST_ROWS)) {
    table.push(row.map((cell) => printable(String(cell))))
  }
  const left = rows.length - MOST_ROWS
  return left > 0 ? [table.toString(), `and ${left} more rows; --json has them all`] : [`${table}`]
}

/** One event in one line. */
export function summaryLine(summary: EventSummary): string {
  const { received_at: received, tenant, endpoint, reason, detail, bytes } = summary
  const { id, type, api_version: version, state, released_to: to } = summary
  const fate = to === null ? state : `${state} to ${to}`
  const event = `${id ?? '-'}  ${type ?? '-'}  ${version ?? '-'}`
  const why = detail === '' ? reason : `${reason} (${detail})`
  return printable(
    `${placeOf(summary)}  ${received}  ${tenant}  ${endpoint ?? '-'}  ${event}  ${why}  ${bytes} bytes  ${fate}`,
  )
}

function byCount(counts: ReadonlyMap<string, number>): readonly (readonly Cell[])[] {
  return [...counts].sort((a, b) => b[1] - a[1])
}

function timeText(ms: number | null): string {
  return ms === null ? '-' : isoTime(ms)
}

export interface StatsShown {
  readonly topic: string
  readonly stats: EventStats
  readonly state: string
  readonly waiting: number
  readonly released: number
}

export function statsLines({ topic, stats, state, waiting, released }: StatsShown) {
  const head = `${topic}: ${waiting} events wait, ${released} were released`
  if (stats.events === 0) return [head]
  const { bytes, oldestMs, newestMs } = stats
  const which = state === 'all' ? 'all of them' : `those ${state}`
  return [
    head,
    `of ${which}: ${bytes} bytes, received from ${timeText(oldestMs)} to ${timeText(newestMs)}`,
    ...cutTable(['reason', 'events'], byCount(stats.reasons)),
    ...cutTable(['api version', 'events'], byCount(stats.versions)),
    ...cutTable(['tenant', 'events'], byCount(stats.tenants)),
  ]
}

export function statsJson({ topic, stats, state, waiting, released }: StatsShown): string {
  const { events, bytes, oldestMs, newestMs, reasons, versions, tenants } = stats
  return JSON.stringify({
    topic,
    waiting,
    released,
    state,
    events,
    bytes,
    oldest_received_at: oldestMs === null ? null : isoTime(oldestMs),
    newest_received_at: newestMs === null ? null : isoTime(newestMs),
    reasons: Object.fromEntries(reasons),
    api_versions: Object.fromEntries(versions),
    tenants: Object.fromEntries(tenants),
  })
}
