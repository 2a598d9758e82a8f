import { domainOf } from '#core/routing.ts'
import type { ConsumerEffect } from './consumer-effects.ts'
import type { Answer } from './sender.ts'

/** One sample, from its sending to its effect. */
export interface SampleRow {
  readonly id: string
  readonly type: string
  readonly version: string
  readonly tenantId: string
  readonly answer: Answer
  /** Null when no consumer wrote anything down in time; undefined when none was to. */
  readonly effect: ConsumerEffect | null | undefined
}

const COLUMNS = [
  ['id', 30],
  ['type', 28],
  ['version', 10],
  ['tenant', 30],
  ['answer', 6],
  ['topic', 27],
  ['part', 4],
  ['offset', 6],
  ['consumer', 0],
] as const

function line(cells: readonly string[]): string {
  return COLUMNS.map(([, width], i) => (cells[i] ?? '').padEnd(width))
    .join('  ')
    .trimEnd()
}

/** The head of the table, with a rule below. */
export function sampleHead(): string {
  const rule = COLUMNS.map(([name, width]) => '-'.repeat(Math.max(width, name.length)))
  return `${line(COLUMNS.map(([name]) => name))}\n${line(rule)}`
}

function effectText(domain: string, effect: ConsumerEffect): string {
  const history = `${domain}.history`
  const tables = [...effect.tables.map((table) => `${domain}.${table}`), history].join(', ')
  switch (effect.outcome) {
    case 'applied':
      return `applied: ${tables}`
    case 'stale':
      return `older than the row: only ${history}`
    case 'history_only':
      return `kept: ${history}`
    default:
      return `set aside: ${effect.reason ?? effect.outcome}`
  }
}

function consumerText({ type, effect }: SampleRow): string {
  if (effect === undefined) return '-'
  return effect === null ? 'nothing yet' : effectText(domainOf(type), effect)
}

/** One event as a line. */
export function sampleLine(row: SampleRow): string {
  const { id, type, version, tenantId, answer } = row
  const consumer = consumerText(row)
  if (answer.kind === 'unanswered') {
    return line([id, type, version, tenantId, 'none', answer.reason, '-', '-', consumer])
  }
  const { topic = '-', partition = '-', offset = '-' } = answer.at ?? {}
  const status = String(answer.status)
  return line([id, type, version, tenantId, status, topic, String(partition), offset, consumer])
}

/** Whether an event went all the way. */
function wentThrough({ answer, effect }: SampleRow): boolean {
  const stored = answer.kind === 'answered' && answer.status === 200
  return stored && effect !== null && effect?.outcome !== 'set_aside'
}

/** How it went, in one line. */
export function sampleSummary(rows: readonly SampleRow[], logs: string): string {
  const good = rows.filter(wentThrough).length
  const all = `${rows.length} samples sent`
  return good === rows.length
    ? `${all}: all answered 200 and handled.`
    : `${all}: ${rows.length - good} not answered 200 and handled, see above and ${logs}.`
}
