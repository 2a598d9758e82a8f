import { recordAudit } from '#consumers/runtime/audit.ts'
import { BatchWriter } from '#consumers/runtime/batch.ts'
import type { AsideEntry, ParkedTenant } from '#consumers/runtime/dead-letters.ts'
import { asideEntries, parkedTenants } from '#consumers/runtime/dead-letters.ts'
import type { ReleaseOptions } from '#consumers/runtime/release.ts'
import { releaseTenant, skipHead } from '#consumers/runtime/release.ts'
import type { ReleasePlan, ReleaseReport } from '#consumers/runtime/release-run.ts'
import { runRelease } from '#consumers/runtime/release-run.ts'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { controlTopic, HANDLED_DOMAINS, MODES } from '#core/routing.ts'
import { DATABASE_SETTINGS, KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type { ControlTail } from '#platform/kafka/control-tail.ts'
import type { Database } from '#platform/postgres/database.ts'
import { withCatalogue } from './catalogue-access.ts'
import { withDatabase } from './database-access.ts'
import type { ParkedFilterOptions } from './dead-letters-command.ts'
import { filterOf } from './dead-letters-command.ts'
import { DOMAIN_CONSUMERS } from './domains.ts'
import { failure, usageFault } from './fault.ts'
import { actorName } from './operator.ts'
import { readingContext } from './reading-context.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface ParkedActionOptions extends ParkedFilterOptions {
  readonly dryRun?: true
  readonly actor?: string
}

export interface ReleaseCommandOptions extends ParkedActionOptions {
  readonly all?: true
  readonly canary?: number
}

const SETTINGS = {
  ...KAFKA_SETTINGS,
  ...DATABASE_SETTINGS,
  handlerTimeoutMs: CONSUMER_SETTINGS.handlerTimeoutMs,
} as const
const PROGRESS_EVERY = 500

/** Mode and domain of `<prefix>.<mode>.<domain>.<service>`. */
function partsOfGroup(groupId: string) {
  const parts = groupId.split('.')
  const mode = MODES.find((known) => known === parts.at(-3))
  const domain = HANDLED_DOMAINS.find((known) => known === parts.at(-2))
  if (mode === undefined || domain === undefined) {
    throw failure(`the group ${groupId} is none of this router's`)
  }
  return { mode, domain }
}

function optionsByGroup(database: Database, catalogue: ControlTail, handlerDeadlineMs: number) {
  const made = new Map<string, ReleaseOptions>()
  return (groupId: string): ReleaseOptions => {
    const known = made.get(groupId)
    if (known !== undefined) return known
    const { mode, domain: name } = partsOfGroup(groupId)
    const domain = DOMAIN_CONSUMERS[name]
    const options = {
      database,
      domain,
      writer: new BatchWriter({ database, domain, handlerDeadlineMs }),
      context: readingContext(() => catalogue.entries(), name, mode),
    }
    made.set(groupId, options)
    return options
  }
}

interface Access {
  readonly database: Database
  readonly optionsOf: (groupId: string) => ReleaseOptions
}

/** The database and, for what handles events, the catalogue. */
async function withAccess<Result>(
  terminal: Terminal,
  work: (access: Access) => Promise<Result>,
): Promise<Result> {
  const environment = await stackEnvironment(terminal.environment, [
    'KAFKA_BROKERS',
    'DATABASE_URL',
  ])
  const settings = cliSettings(SETTINGS, environment)
  const connection = connectionOf(settings, 'event-router-cli')
  return await withDatabase(settings.databaseUrl, (database) =>
    withCatalogue(connection, controlTopic(settings.topicPrefix), (catalogue) =>
      work({ database, optionsOf: optionsByGroup(database, catalogue, settings.handlerTimeoutMs) }),
    ),
  )
}

async function audit(
  database: Database,
  action: string,
  options: ReleaseCommandOptions,
  outcome: Parameters<typeof recordAudit>[1]['outcome'],
): Promise<void> {
  const { actor, group, tenant, cause, all, canary } = options
  const given = { group, tenant, cause, all, canary }
  await database.transaction((transaction) =>
    recordAudit(transaction, { actor: actorName(actor), action, arguments: given, outcome }),
  )
}

async function oneTenant(access: Access, options: ParkedActionOptions): Promise<ParkedTenant> {
  if (options.tenant === undefined) throw usageFault('say which tenant: --tenant <id>')
  const found = await access.database.session((connection) =>
    parkedTenants(connection, filterOf(options)),
  )
  const [first, second] = found
  if (first === undefined) throw failure(`the tenant ${options.tenant} is not parked`)
  if (second !== undefined) {
    const groups = found.map(({ groupId }) => groupId).join(', ')
    throw usageFault(`it is parked in several groups, say which: --group <one of ${groups}>`)
  }
  return first
}

/** `parked retry`: the first event of one tenant, once. */
export async function retryParked(terminal: Terminal, options: ParkedActionOptions): Promise<void> {
  await withAccess(terminal, async (access) => {
    const tenant = await oneTenant(access, options)
    if (options.dryRun === true) {
      terminal.line(`would try ${tenant.headEventId} (${tenant.headEventType}) again`)
      return
    }
    const step = await releaseTenant(access.optionsOf(tenant.groupId), tenant, 1)
    const { handled, left, failed } = step
    const cause = failed?.fingerprint ?? null
    await audit(access.database, 'parked.retry', options, { handled, left, cause })
    if (failed !== null) throw failure(`${tenant.headEventId} fails again: ${causeText(failed)}`)
    terminal.line(`handled ${tenant.headEventId}; ${left} events of the tenant still wait`)
  })
}

/** `parked skip`: takes the first event of one tenant out of its queue, unhandled, for good. */
export async function skipParked(terminal: Terminal, options: ParkedActionOptions): Promise<void> {
  await withAccess(terminal, async (access) => {
    const tenant = await oneTenant(access, options)
    if (options.dryRun === true) {
      terminal.line(`would skip ${tenant.headEventId} (${tenant.headEventType}) for good`)
      return
    }
    const skipped = await skipHead(access.optionsOf(tenant.groupId), tenant)
    if (skipped === null) throw failure('the tenant is not parked any more')
    const { eventId, left } = skipped
    await audit(access.database, 'parked.skip', options, { event_id: eventId, left })
    terminal.line(`skipped ${eventId}; ${left} events of the tenant still wait`)
  })
}

function causeText(cause: { readonly fingerprint: string; readonly errorClass: string }): string {
  return `${cause.errorClass} (cause ${cause.fingerprint})`
}

async function planOf(database: Database, options: ReleaseCommandOptions): Promise<ReleasePlan> {
  const { tenant, cause, group, all } = options
  if (tenant === undefined && cause === undefined && group === undefined && all !== true) {
    throw usageFault('say what to release: --tenant, --cause, --group, or --all')
  }
  const filter = filterOf(options)
  return await database.session(async (connection) => ({
    tenants: await parkedTenants(connection, filter),
    aside: await asideEntries(connection, filter),
  }))
}

function planLine({ tenants, aside }: ReleasePlan): string {
  const waiting = tenants.reduce((sum, tenant) => sum + tenant.waiting, 0)
  return `${waiting} waiting events of ${tenants.length} tenants and ${aside.length} that were set aside`
}

function reportLine(report: ReleaseReport): string {
  return `handled ${report.handled} events; ${report.woken} tenants are parked no more`
}

function isEmpty({
  tenants,
  aside,
}: {
  tenants: readonly unknown[]
  aside: readonly AsideEntry[]
}) {
  return tenants.length === 0 && aside.length === 0
}

/** `parked release`: handles what waits, in order, and stops at the first failure. */
export async function releaseParked(
  terminal: Terminal,
  options: ReleaseCommandOptions,
): Promise<void> {
  await withAccess(terminal, async ({ database, optionsOf }) => {
    const plan = await planOf(database, options)
    if (options.dryRun === true || isEmpty(plan)) {
      terminal.line(isEmpty(plan) ? 'nothing waits there' : `would handle ${planLine(plan)}`)
      return
    }
    let shown = 0
    const report = await runRelease({
      plan,
      optionsOf,
      canary: options.canary ?? 0,
      stopped: terminal.stopped,
      onProgress: (handled) => {
        if (handled - shown < PROGRESS_EVERY) return
        shown = handled
        terminal.line(`${handled} handled`)
      },
    })
    const cause = report.failed?.cause.fingerprint ?? null
    const { handled, woken, canaryPassed } = report
    await audit(database, 'parked.release', options, { handled, woken, canaryPassed, cause })
    terminal.line(reportLine(report))
    if (report.failed === null) return
    const when = canaryPassed ? 'stopped' : 'stopped in the canary'
    throw failure(`${when}: ${report.failed.where} fails with ${causeText(report.failed.cause)}`)
  })
}
