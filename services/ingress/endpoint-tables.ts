import type { Logger } from '#platform/log.ts'
import { errorFields } from '#platform/log.ts'
import type { Database } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { databaseFailure, sqlState } from '#platform/postgres/failure.ts'
import { migrate } from '#platform/postgres/migrations.ts'
import { ENDPOINT_MIGRATIONS, revisionOf, rowsAfter } from './endpoint-rows.ts'
import type { EndpointSource, SourceReading } from './endpoint-store.ts'
import type { EndpointSet } from './endpoints.ts'
import { endpointSet } from './endpoints.ts'
import type { SealingKeys } from './sealing.ts'

export interface EndpointTablesOptions {
  readonly url: string
  readonly keys: SealingKeys
  readonly log: Logger
}

/** A bad signature costs a statement on the database, which all ingresses share. */
export const TABLES_PACE_MS = 100
const STATEMENT_TIMEOUT_MS = 5000
/** Undefined table, column or schema: no command and no ingress of this version was here yet. */
const OLDER: ReadonlySet<string> = new Set(['42P01', '42703', '3F000'])

function problemOf(error: unknown): string {
  if (databaseFailure(error) === 'environment') return 'Postgres cannot be reached'
  const state = sqlState(error)
  return state === null ? 'cannot be read' : `Postgres refused (SQLSTATE ${state})`
}

/** Endpoints from Postgres. Only what changed is read, and nothing while the revision stands. */
export class EndpointTables implements EndpointSource {
  readonly #keys: SealingKeys
  readonly #log: Logger
  readonly #database: Database
  /** Null until there was a reading. */
  #revision: bigint | null = null
  #endpoints: EndpointSet = new Map()
  #failed = false

  constructor({ url, keys, log }: EndpointTablesOptions) {
    this.#keys = keys
    this.#log = log
    this.#database = openDatabase({
      url,
      applicationName: 'event-router-ingress',
      poolSize: 1,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      log,
    })
  }

  /** After a failure what is known is handed out anew, since only then it is known to be current. */
  async read(): Promise<SourceReading> {
    const reading = await this.#tried()
    const recovered = this.#failed && reading.kind === 'unchanged'
    this.#failed = reading.kind === 'faulty'
    return recovered ? { kind: 'read', endpoints: this.#endpoints } : reading
  }

  async close(): Promise<void> {
    await this.#database.end()
  }

  async #tried(): Promise<SourceReading> {
    try {
      return await this.#changes()
    } catch (error) {
      if (!OLDER.has(sqlState(error) ?? '')) return { kind: 'faulty', problems: [problemOf(error)] }
      return await this.#afterMigration()
    }
  }

  async #changes(): Promise<SourceReading> {
    const revision = await this.#database.session(revisionOf)
    if (revision === this.#revision) return { kind: 'unchanged' }
    // A database that was restored from an older copy counts anew, so all of it is read.
    const known = this.#revision === null || revision < this.#revision ? null : this.#revision
    const rows = await this.#database.session((session) =>
      rowsAfter(session, this.#keys, known ?? -1n),
    )
    // The revision stays, so that the next look tries again: with another key it may open.
    if (rows.problems.length > 0) return { kind: 'faulty', problems: rows.problems }
    const changed = await endpointSet(rows.entries)
    this.#endpoints = new Map([...(known === null ? [] : this.#endpoints), ...changed])
    // What was committed between the two statements is among the rows already.
    this.#revision = rows.entries.length === 0 ? revision : rows.revision
    return { kind: 'read', endpoints: this.#endpoints }
  }

  /** Makes the tables, where this ingress may; with SELECT alone it waits for the command line. */
  async #afterMigration(): Promise<SourceReading> {
    try {
      await migrate(this.#database, [ENDPOINT_MIGRATIONS])
      return await this.#changes()
    } catch (error) {
      // Looked at every second, said once.
      if (!this.#failed) this.#log.warn({ event: 'endpoints.not_migrated', ...errorFields(error) })
      const problem =
        databaseFailure(error) === 'environment'
          ? 'Postgres cannot be reached'
          : 'its tables are not there yet; the first `endpoints add` makes them'
      return { kind: 'faulty', problems: [problem] }
    }
  }
}
