import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import Postgrator from 'postgrator'
import type { Database, Transaction } from './database.ts'

/** One folder of `NNN.do.<name>.sql` files and the table that remembers which have run. */
export interface MigrationSet {
  /** A folder as a file URL that ends with `/`. */
  readonly folder: URL
  /** `<schema>.<table>`; the schema is made when it is missing. */
  readonly versionTable: string
}

/** Any 64-bit number of our own: services that start together migrate one after another. */
const LOCK_KEY = 7_205_759_403_792_001n

async function migrateSet(connection: Transaction, set: MigrationSet): Promise<number> {
  const postgrator = new Postgrator({
    driver: 'pg',
    migrationPattern: `${fileURLToPath(set.folder)}*.sql`,
    schemaTable: set.versionTable,
    newline: 'LF',
    execQuery: async (query) => ({
      rows: [...(await connection.query({ text: query, values: [] }))],
    }),
    // A script and its line in the version table are two statements, so each script is made to
    // hold when it is run twice (IF NOT EXISTS), and is one transaction of its own.
    execSqlScript: async (script) => {
      await connection.query({ text: `BEGIN;\n${script}\nCOMMIT;`, values: [] })
    },
  })
  const applied = await postgrator.migrate()
  return applied.length
}

/**
 * Brings the database up to date, set after set, under an advisory lock.
 *
 * @returns how many scripts ran; 0 when nothing was to be done.
 */
export async function migrate(database: Database, sets: readonly MigrationSet[]): Promise<number> {
  return await database.session(async (connection) => {
    await connection.query({ text: 'SELECT pg_advisory_lock($1)', values: [LOCK_KEY] })
    let applied = 0
    for (const set of sets) applied += await migrateSet(connection, set)
    await connection.query({ text: 'SELECT pg_advisory_unlock($1)', values: [LOCK_KEY] })
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
