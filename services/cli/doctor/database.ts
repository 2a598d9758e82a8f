import type { MigrationState } from '#platform/postgres/migrations.ts'
import { ageText } from '../group-status.ts'
import type { Finding } from './finding.ts'
import { fault, ok, someOf, warning } from './finding.ts'

/** What the consumers' Postgres says of itself. */
export interface DatabaseFacts {
  readonly migrations: readonly MigrationState[]
  /** How far its clock is ahead of this machine's, milliseconds; known to about the round trip. */
  readonly clockAheadMs: number
  readonly roundTripMs: number
}

function names(states: readonly MigrationState[]): string {
  return someOf(states.map(({ versionTable }) => versionTable.split('.')[0] ?? ''))
}

/** Whether the consumers' tables are there and of this release. */
export function databaseFindings({ migrations, roundTripMs }: DatabaseFacts): readonly Finding[] {
  const missing = migrations.filter(({ found }) => found === null)
  const older = migrations.filter(({ found, latest }) => found !== null && found < latest)
  const newer = migrations.filter(({ found, latest }) => found !== null && found > latest)
  const findings = [
    ...(missing.length === 0
      ? []
      : [
          fault(
            'database',
            `it has no tables of ${names(missing)}`,
            'start these consumers: they make them; see their log if they run',
          ),
        ]),
    ...(older.length === 0
      ? []
      : [
          fault(
            'database',
            `its tables of ${names(older)} are of an older release`,
            'start the consumers of this release: they bring them up to date; see their log if they run',
          ),
        ]),
    ...(newer.length === 0
      ? []
      : [
          warning(
            'database',
            `its tables of ${names(newer)} are of a newer release than this command`,
            'use the command line of the release that runs',
          ),
        ]),
  ]
  if (findings.length > 0) return findings
  return [
    ok(
      'database',
      `all ${migrations.length} schemas are migrated; it answers in ${roundTripMs} ms`,
    ),
  ]
}

/** Signatures are taken up to five minutes old or early, and queues and leases are seconds long. */
const CLOCK_WARNING_MS = 5000
const CLOCK_FAULT_MS = 60_000

/** Whether this machine and the database agree on the time. */
export function clockFindings({ clockAheadMs, roundTripMs }: DatabaseFacts): readonly Finding[] {
  const offMs = Math.max(0, Math.abs(clockAheadMs) - roundTripMs / 2)
  const way = clockAheadMs > 0 ? 'ahead of' : 'behind'
  const words = `the clock of Postgres is ${ageText(Math.round(offMs / 1000))} ${way} this machine\u2019s`
  const remedy =
    'set both by NTP: signatures are judged by the clock, and only five minutes are allowed'
  if (offMs > CLOCK_FAULT_MS) return [fault('clock', words, remedy)]
  if (offMs > CLOCK_WARNING_MS) return [warning('clock', words, remedy)]
  return [ok('clock', 'this machine and Postgres agree on the time to within 5 s')]
}
