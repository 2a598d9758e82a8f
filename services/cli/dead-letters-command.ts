import Table from 'cli-table3'
import type {
  CauseSummary,
  DeadLetterFilter,
  ParkedTenant,
} from '#consumers/runtime/dead-letters.ts'
import { causeSummaries, parkedTenants } from '#consumers/runtime/dead-letters.ts'
import { DATABASE_SETTINGS } from '#platform/config/service-settings.ts'
import { withDatabase } from './database-access.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface ParkedFilterOptions {
  readonly group?: string
  readonly tenant?: string
  readonly cause?: string
  readonly json?: true
}

/** Which dead letters the options mean. */
export function filterOf({ group, tenant, cause }: ParkedFilterOptions): DeadLetterFilter {
  return {
    ...(group === undefined ? {} : { groupId: group }),
    ...(tenant === undefined ? {} : { tenantId: tenant }),
    ...(cause === undefined ? {} : { cause }),
  }
}

async function databaseUrl(terminal: Terminal): Promise<string> {
  const environment = await stackEnvironment(terminal.environment, ['DATABASE_URL'])
  return cliSettings(DATABASE_SETTINGS, environment).databaseUrl
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const made = new Table({ head: [...head], style: { head: [], border: [], compact: true } })
  for (const row of rows) made.push([...row])
  return made.toString()
}

function causeRow(cause: CauseSummary): readonly (string | number)[] {
  return [
    cause.fingerprint,
    cause.errorClass,
    cause.place,
    cause.eventType,
    cause.apiVersion,
    cause.tenants,
    cause.waiting,
    cause.setAside,
    cause.firstSeen.toISOString(),
    cause.lastSeen.toISOString(),
    cause.groupId,
  ]
}

const CAUSE_HEAD = [
  'cause',
  'error',
  'place',
  'type',
  'version',
  'tenants',
  'waiting',
  'set aside',
  'first seen',
  'last seen',
  'group',
]

/** `parked list`: dead letters by their cause. */
export async function listParked(terminal: Terminal, options: ParkedFilterOptions): Promise<void> {
  const causes = await withDatabase(await databaseUrl(terminal), (database) =>
    database.session((connection) => causeSummaries(connection, filterOf(options))),
  )
  if (options.json === true) {
    for (const cause of causes) terminal.line(JSON.stringify(cause))
    return
  }
  if (causes.length === 0) terminal.line('nothing is parked or set aside by a handler')
  else terminal.line(table(CAUSE_HEAD, causes.map(causeRow)))
}

function tenantRow(tenant: ParkedTenant): readonly (string | number)[] {
  return [
    tenant.tenantId,
    tenant.liveMode ? 'live' : 'sandbox',
    tenant.fingerprint,
    tenant.headEventId,
    tenant.headEventType,
    tenant.waiting,
    tenant.attempts,
    tenant.parkedAt.toISOString(),
    tenant.groupId,
  ]
}

const TENANT_HEAD = [
  'tenant',
  'mode',
  'cause',
  'waits for',
  'type',
  'waiting',
  'attempts',
  'since',
  'group',
]

/** `parked show`: the tenants that wait, and what each waits for. */
export async function showParked(terminal: Terminal, options: ParkedFilterOptions): Promise<void> {
  const tenants = await withDatabase(await databaseUrl(terminal), (database) =>
    database.session((connection) => parkedTenants(connection, filterOf(options))),
  )
  if (options.json === true) {
    for (const tenant of tenants) terminal.line(JSON.stringify(tenant))
    return
  }
  if (tenants.length === 0) terminal.line('no tenant is parked')
  else terminal.line(table(TENANT_HEAD, tenants.map(tenantRow)))
}
