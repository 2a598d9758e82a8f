import { migrationSets } from '#consumers/runtime/migration-sets.ts'
import type { HandledDomain, Mode } from '#core/routing.ts'
import { DOMAINS, recordName } from '#core/routing.ts'
import type { MigrationState } from '#platform/postgres/migrations.ts'
import { migrationState } from '#platform/postgres/migrations.ts'
import { registryOptions } from '#platform/registry/registry-access.ts'
import type { RegistryAnswer } from '#platform/registry/registry-answer.ts'
import { registryProblem } from '#platform/registry/registry-answer.ts'
import { RegistryClient } from '#platform/registry/registry-client.ts'
import { withDatabase } from '../database-access.ts'
import { DOMAIN_CONSUMERS } from '../domains.ts'
import { failure } from '../fault.ts'
import { accessOf, extentsFor, inventoryOf, readEvents } from '../quarantine-access.ts'
import { EventStats } from '../quarantine-summary.ts'
import type { Terminal } from '../terminal.ts'
import type { DatedEntry } from './catalogue.ts'
import type { DatabaseFacts } from './database.ts'
import type { KafkaSettings } from './kafka-reading.ts'
import type { QuarantineFacts } from './quarantine.ts'
import type { HeldSchema, RegistryFacts } from './registry.ts'
import type { DoctorSettings } from './settings.ts'

type RegistrySettings = Extract<DoctorSettings['registry'], { ok: true }>['value']

function answered<Value>(answer: RegistryAnswer<Value>): Value {
  if (answer.kind === 'ok') return answer.value
  throw failure(registryProblem(answer))
}

/**
 * What the registry has of the catalogue, one schema after another.
 *
 * @param entries null when the catalogue cannot be read: then it is only asked whether it answers
 * @throws CliFault in words
 */
export async function readRegistry(
  settings: RegistrySettings,
  entries: readonly DatedEntry[] | null,
): Promise<RegistryFacts> {
  const registry = new RegistryClient(registryOptions(settings))
  if (entries === null || entries.length === 0) {
    answered(await registry.compatibility(recordName('2026-05-19', 'pass')))
    return { schemas: null }
  }
  const schemas: HeldSchema[] = []
  for (const { entry } of entries) {
    for (const domain of DOMAINS) {
      const { subject, schemaId, schema } = entry.domains[domain]
      const heldAs = answered(await registry.registeredId(subject, schema))
      schemas.push({ subject, schemaId, heldAs })
    }
  }
  return { schemas }
}

/**
 * What the consumers' Postgres has been migrated to, and its clock.
 *
 * @param domains those of which tables must be there
 * @throws CliFault in words
 */
export async function readDatabase(
  url: string,
  domains: readonly HandledDomain[],
): Promise<DatabaseFacts> {
  const sets = migrationSets(domains.map((domain) => DOMAIN_CONSUMERS[domain]))
  return await withDatabase(url, (database) =>
    database.session(async (session) => {
      // Before it is timed: the first statement pays for what the connection has to set up.
      const migrations: MigrationState[] = []
      for (const set of sets) migrations.push(await migrationState(session, set))
      const askedMs = Date.now()
      const [row] = await session.query({ text: 'SELECT clock_timestamp() AS now', values: [] })
      const roundTripMs = Date.now() - askedMs
      const now = row?.now instanceof Date ? row.now.getTime() : Number.NaN
      return { migrations, clockAheadMs: now - askedMs - roundTripMs / 2, roundTripMs }
    }),
  )
}

/** What waits in the quarantine of a mode. @throws CliFault when it cannot be read to its end */
export async function readQuarantine(
  terminal: Terminal,
  settings: KafkaSettings,
  mode: Mode,
): Promise<QuarantineFacts> {
  const access = accessOf(terminal, settings, mode)
  const inventory = await inventoryOf(access, {}, await extentsFor(access, {}))
  const stats = new EventStats()
  await readEvents(access, { inventory, state: 'waiting' }, (events) => {
    for (const event of events) stats.add(event)
  })
  return { mode, waiting: inventory.counts.waiting, reasons: stats.reasons }
}
