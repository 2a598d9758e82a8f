import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import Postgrator from 'postgrator'
import type { Database, Row, Transaction } from './database.ts'

/** One folder of `NNN.do.<name>.sql` files and the table that remembers which have run. */
export interface MigrationSet {
  /** A folder as a file URL that ends with `/`. */
  readonly folder: URL
  /** `<schema>.<table>`; the schema is made when it is missing. */
  readonly versionTable: string
}

/** Any 64-bit number of our own: services that start together migrate one after another. */
const LOCK_KEY = 7_205_759_403_792_001n
/** An index of a table of millions takes minutes; stopped halfway, it would begin anew for ever. */
const SCRIPT_MS = 3_600_000
/** While a script waits for a table, whoever wants the table after it waits as well. */
const TABLE_WAIT_MS = 3000

async function run(connection: Transaction, text: string): Promise<readonly Row[]> {
  return await connection.query({ text, values: [], answerWithinMs: SCRIPT_MS + 1000 })
}

async function migrateSet(connection: Transaction, set: MigrationSet): Promise<number> {
  const postgrator = new Postgrator({
    driver: 'pg',
    migrationPattern: `${fileURLToPath(set.folder)}*.sql`,
    schemaTable: set.versionTable,
    newline: 'LF',
    execQuery: async (query) => ({ rows: [...(await run(connection, query))] }),
    // A script and its line in the version table are two statements, so each script is made to
    // hold when it is run twice (IF NOT EXISTS), and is one transaction of its own.
    execSqlScript: async (script) => {
      await run(connection, `BEGIN;\n${script}\nCOMMIT;`)
    },
  })
  const applied = await postgrator.migrate()
  return applied.length
}

/**
 * Brings the database up to date, set after set, under an advisory lock. A script has an hour,
 * whatever the limit of a statement is elsewhere.
 *
 * @returns how many scripts ran; 0 when nothing was to be done.
 */
export async function migrate(database: Database, sets: readonly MigrationSet[]): Promise<number> {
  return await database.session(async (connection) => {
    // Whatever throws below ends the connection, and with it these settings and the lock.
    await run(connection, `SET statement_timeout = ${SCRIPT_MS}`)
    await run(connection, `SELECT pg_advisory_lock(${LOCK_KEY})`)
    await run(connection, `SET lock_timeout = ${TABLE_WAIT_MS}`)
    let applied = 0
    for (const set of sets) applied += await migrateSet(connection, set)
    await run(connection, 'RESET lock_timeout')
    await run(connection, `SELECT pg_advisory_unlock(${LOCK_KEY})`)
    await run(connection, 'RESET statement_timeout')
    return applied
  })
}

/** How far a database is, by the numbers of the scripts. */
export interface MigrationState {
  readonly versionTable: string
  /** Of the last script that ran; null where none ever did. */
  readonly found: number | null
  /** Of the last script of this release. */
  readonly latest: number
}

async function latestOf({ folder }: MigrationSet): Promise<number> {
  const numbers = (await readdir(folder)).map((name) => Number(/^(\d+)\.do\./.exec(name)?.[1] ?? 0))
  return Math.max(0, ...numbers)
}

/** What a set has come to in a database; changes nothing. */
export async function migrationState(
  connection: Transaction,
  set: MigrationSet,
): Promise<MigrationState> {
  const { versionTable } = set
  const latest = await latestOf(set)
  const there = 'SELECT to_regclass($1) IS NOT NULL AS there'
  const [table] = await connection.query({ text: there, values: [versionTable] })
  if (table?.there !== true) return { versionTable, found: null, latest }
  // The name is one of ours, not a value.
  const text = `SELECT max(version) AS version FROM ${versionTable}`
  const [row] = await connection.query({ text, values: [] })
  return { versionTable, found: Number(row?.version ?? 0), latest }
}
