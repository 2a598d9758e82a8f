import { createLogger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { databaseFailure, sqlState } from '#platform/postgres/failure.ts'
import { CliFault, failure } from './fault.ts'

const STATEMENT_TIMEOUT_MS = 10_000
/** Undefined table, column or schema: the command is newer than the consumers that ran last. */
const OLDER: ReadonlySet<string> = new Set(['42P01', '42703', '3F000'])

/** SQLSTATEs that say what to put right. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['28P01', 'does not take the user or its password; check DATABASE_URL'],
  ['28000', 'does not let this user in; check DATABASE_URL and pg_hba.conf'],
  ['3D000', 'has no such database; check DATABASE_URL'],
  ['42501', 'does not let this user read the tables; grant it SELECT'],
  ['53300', 'has no connection left'],
])
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|CERT_/

/** What TLS has against the server, or null when it is something else. */
function tlsProblem(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && UNTRUSTED.test(code)) {
    return `has a certificate that is not trusted (${code}); name its authority by sslrootcert`
  }
  const refusesTls = error.message === 'The server does not support SSL connections'
  return refusesTls ? 'does not speak TLS; check sslmode' : null
}

/** Where a database is, without its credentials. */
function addressOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'DATABASE_URL'
}

function faultOf(error: unknown, url: string): unknown {
  if (error instanceof CliFault) return error
  const state = sqlState(error)
  const known = tlsProblem(error) ?? REFUSALS.get(state ?? '')
  if (known !== undefined) return failure(`Postgres at ${addressOf(url)} ${known}`)
  if (state !== null && OLDER.has(state)) {
    return failure('the database is older than this command; start the consumers of this version')
  }
  if (databaseFailure(error) === 'environment') {
    return failure(`Postgres at ${addressOf(url)} cannot be reached; is it running?`)
  }
  if (state === null) return error
  return failure(`Postgres at ${addressOf(url)} refused (SQLSTATE ${state})`)
}

/**
 * Work with the consumers' database; closed at the end.
 *
 * @throws CliFault in one sentence when Postgres is away or refuses.
 */
export async function withDatabase<Result>(
  url: string,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase({
    url,
    applicationName: 'event-router-cli',
    poolSize: 2,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    log: createLogger({ service: 'cli', level: 'silent' }),
  })
  try {
    return await work(database)
  } catch (error) {
    throw faultOf(error, url)
  } finally {
    await database.end()
  }
}
