import Table from 'cli-table3'
import type { GroupTroubles } from '#consumers/runtime/status.ts'
import { backlogOf, COUNTED_TO, lagOf } from '#consumers/runtime/status.ts'
import type { HandledDomain, Mode } from '#core/routing.ts'
import type { GroupMembership, PartitionRange } from '#platform/kafka/cluster-view.ts'
import { printable } from './printable.ts'

export interface GroupName {
  readonly mode: Mode
  readonly domain: HandledDomain
  readonly topic: string
  readonly groupId: string
  /** Last part of the group's name. */
  readonly service: string
}

/** What Kafka and Postgres say of one group. */
export interface GroupFacts {
  readonly name: GroupName
  /** Null when the topic does not exist. */
  readonly ranges: readonly PartitionRange[] | null
  readonly nextOffsets: ReadonlyMap<number, bigint>
  readonly membership: GroupMembership
  readonly troubles: GroupTroubles | null
}

/** The first records of a backlog. */
export interface BacklogSample {
  /** How many there are of each event type. */
  readonly types: ReadonlyMap<string, number>
  /** When the oldest was written, milliseconds; null when there is none, or it is not known. */
  readonly oldestMs: number | null
}

/** One group as `--json` prints it; times in seconds, counts up to 10,000. */
export interface GroupStatus {
  readonly mode: Mode
  readonly domain: HandledDomain
  readonly service: string
  readonly group: string
  readonly topic_exists: boolean
  readonly state: string
  readonly members: number
  readonly lag_records: number
  /** Null when nothing is unhandled, or when it could not be read in time. */
  readonly oldest_unhandled_at: string | null
  readonly oldest_unhandled_seconds: number | null
  /** Of `sampled_records` of the `lag_records`. */
  readonly unhandled_types: Readonly<Record<string, number>>
  readonly sampled_records: number
  readonly parked_tenants: number
  readonly parked_events: number
  readonly parked_since: string | null
  readonly set_aside: number
  readonly anomalies: number
  readonly gaps_open: number
}

const NO_TROUBLES: GroupTroubles = {
  counts: { parked_tenants: 0, parked_events: 0, set_aside: 0, anomalies: 0, gaps_open: 0 },
  parkedSinceMs: null,
}

function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

/** All that is known of a group, in one row. Pure. */
export function groupStatus(
  { name, ranges, nextOffsets, membership, troubles }: GroupFacts,
  sample: BacklogSample | null,
  nowMs: number,
): GroupStatus {
  const { counts, parkedSinceMs } = troubles ?? NO_TROUBLES
  const oldestMs = sample?.oldestMs ?? null
  const types = [...(sample?.types ?? [])].sort(([, a], [, b]) => b - a)
  return {
    mode: name.mode,
    domain: name.domain,
    service: name.service,
    group: name.groupId,
    topic_exists: ranges !== null,
    state: membership.state,
    members: membership.members,
    lag_records: lagOf(backlogOf(ranges ?? [], nextOffsets)),
    oldest_unhandled_at: isoOf(oldestMs),
    oldest_unhandled_seconds:
      oldestMs === null ? null : Math.max(0, Math.round((nowMs - oldestMs) / 1000)),
    unhandled_types: Object.fromEntries(types),
    sampled_records: types.reduce((sum, [, count]) => sum + count, 0),
    parked_since: isoOf(parkedSinceMs),
    ...counts,
  }
}

/** A length of time in its two largest units. */
export function ageText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

function counted(count: number): string {
  return count >= COUNTED_TO ? `${COUNTED_TO} or more` : String(count)
}

function oldestText({ lag_records: lag, oldest_unhandled_seconds: seconds }: GroupStatus): string {
  if (lag === 0) return '-'
  return seconds === null ? 'not read' : ageText(seconds)
}

const HEAD = [
  'mode',
  'domain',
  'service',
  'members',
  'lag',
  'oldest',
  'parked',
  'set aside',
  'anomalies',
  'gaps',
]

function row(status: GroupStatus): string[] {
  const { parked_tenants: tenants, parked_events: events } = status
  return [
    status.mode,
    status.domain,
    status.service,
    String(status.members),
    status.topic_exists ? String(status.lag_records) : 'no topic',
    oldestText(status),
    tenants === 0 ? '0' : `${counted(tenants)} (${counted(events)} events)`,
    counted(status.set_aside),
    counted(status.anomalies),
    counted(status.gaps_open),
  ]
}

function unhandledLine(status: GroupStatus): readonly string[] {
  const { group, lag_records: lag, sampled_records: sampled, unhandled_types: types } = status
  if (sampled === 0) return []
  const listed = Object.entries(types).map(([type, count]) => `${type} ${count}`)
  const which = sampled < lag ? `, of which the first ${sampled} were looked at` : ''
  return [printable(`${group}: ${lag} unhandled${which}: ${listed.join(', ')}`)]
}

/** The groups as a table with a line on each backlog, or as one JSON object a line. */
export function statusLines(statuses: readonly GroupStatus[], json: boolean): readonly string[] {
  if (json) return statuses.map((status) => JSON.stringify(status))
  const table = new Table({ head: HEAD, style: { head: [], border: [], compact: true } })
  for (const status of statuses) table.push(row(status))
  return [table.toString(), ...statuses.flatMap(unhandledLine)]
}
