import type { GroupStatus } from '../group-status.ts'
import { ageText } from '../group-status.ts'
import type { Finding } from './finding.ts'
import { counted, fault, ok, someOf, warning } from './finding.ts'

/** As the alert EventRouterConsumerLagging has it. */
const LAGGING_RECORDS = 10_000
const LAGGING_SECONDS = 600

function isLagging({ members, lag_records: lag, oldest_unhandled_seconds: age }: GroupStatus) {
  return members > 0 && (lag > LAGGING_RECORDS || (age ?? 0) > LAGGING_SECONDS)
}

function lagFinding(status: GroupStatus): Finding {
  const { group, lag_records: lag, oldest_unhandled_seconds: seconds } = status
  const since = seconds === null ? '' : `, the oldest for ${ageText(seconds)}`
  return warning(
    'consumers',
    `${group} has ${counted(lag, 'unhandled record')}${since}`,
    'see the runbook EventRouterConsumerLagging: add replicas, 12 a domain at most, or find what holds it up',
  )
}

/** How groups stand, those that are deployed and those that have ever run. */
export interface GroupFacts {
  readonly statuses: readonly GroupStatus[]
  /** Names of the groups that must have members. */
  readonly deployed: ReadonlySet<string>
}

/** Groups that ran once: given up, or deployed and not told of. */
function otherFindings(others: readonly GroupStatus[]): readonly Finding[] {
  const behind = others.filter(({ members, lag_records: lag }) => members === 0 && lag > 0)
  if (behind.length === 0) return []
  return [
    warning(
      'consumers',
      `${counted(behind.length, 'group')} that ran once and is not deployed now: ${someOf(behind.map(({ group }) => group))}`,
      'nothing if it was given up (delete its rows of runtime.consumer_offsets to forget it); else start it',
    ),
  ]
}

/** Whether somebody handles what lies on the topics. */
export function consumerFindings({ statuses, deployed }: GroupFacts): readonly Finding[] {
  // A topic that is missing has a finding of its own.
  const there = statuses.filter(({ topic_exists: exists }) => exists)
  const groups = there.filter(({ group }) => deployed.has(group))
  const alone = groups.filter(({ members }) => members === 0)
  const stuck = alone.filter(({ lag_records: lag }) => lag > 0)
  const idle = alone.filter(({ lag_records: lag }) => lag === 0)
  const unhandled = stuck.reduce((sum, { lag_records: lag }) => sum + lag, 0)
  const findings = [
    ...(stuck.length === 0
      ? []
      : [
          fault(
            'consumers',
            `${counted(stuck.length, 'group')} without a member, with ${counted(unhandled, 'unhandled record')}: ${someOf(stuck.map(({ group }) => group))}`,
            'start these consumers; if they run, see why they are not ready (`/readyz`) and check MODES and CONSUMER_SERVICE',
          ),
        ]),
    ...groups.filter(isLagging).map(lagFinding),
    ...(idle.length === 0
      ? []
      : [
          warning(
            'consumers',
            `${counted(idle.length, 'group')} without a member, with nothing to do yet: ${someOf(idle.map(({ group }) => group))}`,
            'start these consumers, unless they are not wanted (CONSUMER_GROUPS or MODES say which are)',
          ),
        ]),
    ...otherFindings(there.filter(({ group }) => !deployed.has(group))),
  ]
  if (findings.length > 0) return findings
  const members = groups.reduce((sum, status) => sum + status.members, 0)
  const lag = groups.reduce((sum, status) => sum + status.lag_records, 0)
  return [
    ok(
      'consumers',
      `${counted(groups.length, 'group')} with ${counted(members, 'member')}, ${counted(lag, 'unhandled record')}`,
    ),
  ]
}

const sumOf = (
  statuses: readonly GroupStatus[],
  field: 'parked_tenants' | 'parked_events' | 'set_aside' | 'gaps_open',
) => statuses.reduce((sum, status) => sum + status[field], 0)

/** What waits for a person in the consumers\u2019 database. */
export function deadLetterFindings({ statuses }: GroupFacts): readonly Finding[] {
  const tenants = sumOf(statuses, 'parked_tenants')
  const aside = sumOf(statuses, 'set_aside')
  const gaps = sumOf(statuses, 'gaps_open')
  const since = statuses.flatMap(({ parked_since: at }) => at ?? []).sort()[0]
  const findings = [
    ...(tenants === 0
      ? []
      : [
          warning(
            'dead letters',
            `${counted(tenants, 'tenant')} parked since ${since}, with ${counted(sumOf(statuses, 'parked_events'), 'event')} that wait`,
            'see `parked list`; once the cause is gone, `parked release`',
          ),
        ]),
    ...(aside === 0
      ? []
      : [
          warning(
            'dead letters',
            `${counted(aside, 'record')} set aside by consumers`,
            'see `parked list` for the causes',
          ),
        ]),
    ...(gaps === 0
      ? []
      : [
          warning(
            'dead letters',
            `${counted(gaps, 'webhook')} missing, as those after them tell`,
            'see the runbook EventRouterWebhookMissing',
          ),
        ]),
  ]
  return findings.length > 0
    ? findings
    : [ok('dead letters', 'no tenant is parked, no record set aside')]
}
