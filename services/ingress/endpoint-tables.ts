import type { Logger } from '#platform/log.ts'
import { errorFields } from '#platform/log.ts'
import type { Database } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { databaseFailure, sqlState } from '#platform/postgres/failure.ts'
import { migrate } from '#platform/postgres/migrations.ts'
import type { EndpointRows, Revision } from './endpoint-rows.ts'
import { ENDPOINT_MIGRATIONS, revisionOf, rowsAfter } from './endpoint-rows.ts'
import type { EndpointSource, SourceReading } from './endpoint-store.ts'
import type { Endpoint, EndpointSet } from './endpoints.ts'
import { endpointSet } from './endpoints.ts'
import type { SealingKeys } from './sealing.ts'

export interface EndpointTablesOptions {
  readonly url: string
  readonly keys: SealingKeys
  readonly log: Logger
}

/** A bad signature costs a statement on the database, which all ingresses share. */
export const TABLES_PACE_MS = 100
const NOTHING_KNOWN = -1n
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
  #revision: Revision | null = null
  #endpoints: EndpointSet = new Map()
  /** What is wrong with endpoints that cannot be used, by their ids. */
  #problems: ReadonlyMap<string, string> = new Map()
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
    return recovered ? this.#held() : reading
  }

  async close(): Promise<void> {
    await this.#database.end()
  }

  #held(): SourceReading {
    return { kind: 'read', endpoints: this.#endpoints, doubted: this.#problems }
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
    const known = this.#revision
    const { follows, ...revision } = await this.#database.session((session) =>
      revisionOf(session, known),
    )
    if (follows && known?.value === revision.value) return { kind: 'unchanged' }
    // An older copy that was restored, or a standby that lacked changes: all of it is read.
    const after = follows && known !== null ? known.value : NOTHING_KNOWN
    const rows = await this.#database.session((session) => rowsAfter(session, this.#keys, after))
    const problems = rows.faulty.map(({ problem }) => problem)
    // Not even one opens: the keys are wrong, and this ingress is not ready.
    const isUseless = known === null && rows.entries.length === 0 && problems.length > 0
    if (isUseless) return { kind: 'faulty', problems }
    await this.#take(rows, follows)
    // What was committed between the two statements is among the rows already, and read once more.
    this.#revision = revision
    return this.#held()
  }

  /**
   * One row that cannot be used holds up no change of another, least of all a revocation: it stays
   * as it was known, or is disabled, since a 404 would destroy its events. Its state is in no seal,
   * so what takes it out of service counts all the same.
   */
  async #take(rows: EndpointRows, follows: boolean): Promise<void> {
    const changed = await endpointSet(rows.entries)
    const old = this.#endpoints
    const bare = await endpointSet(rows.faulty.flatMap((row) => row.bare ?? []))
    const kept = rows.faulty.flatMap(({ id, state }): [string, Endpoint][] => {
      const endpoint = old.get(id) ?? bare.get(id)
      if (endpoint === undefined) return []
      return [[id, state === 'enabled' ? endpoint : { ...endpoint, state }]]
    })
    const problems = new Map(follows ? this.#problems : [])
    for (const id of changed.keys()) problems.delete(id)
    for (const { id, problem } of rows.faulty) problems.set(id, problem)
    this.#endpoints = new Map([...(follows ? old : []), ...kept, ...changed])
    this.#problems = problems
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
