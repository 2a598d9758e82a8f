import type { AuditFields } from '#consumers/runtime/audit.ts'
import { recordAudit } from '#consumers/runtime/audit.ts'
import type { Database } from '#platform/postgres/database.ts'
import { actorName } from './operator.ts'
import type { QuarantineOptions } from './quarantine-access.ts'
import { isoTime } from './quarantine-summary.ts'

export interface ActorOption {
  readonly actor?: string
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : isoTime(ms)
}

/** What the operator asked for, as the audit keeps it. */
export function auditedFilter(topic: string, options: QuarantineOptions): AuditFields {
  const { tenant, reason, endpoint, version, id, since, until } = options
  const times = { since: timeOf(since), until: timeOf(until) }
  return { topic, tenant, reason, endpoint, version, id, ...times }
}

/** One line of the audit, in a transaction of its own: Kafka's effects are in none. */
export async function writeAudit(
  database: Database,
  { actor }: ActorOption,
  action: string,
  given: AuditFields,
  outcome: AuditFields,
): Promise<void> {
  await database.transaction((transaction) =>
    recordAudit(transaction, { actor: actorName(actor), action, arguments: given, outcome }),
  )
}
