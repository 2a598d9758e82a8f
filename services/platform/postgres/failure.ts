/**
 * Whose fault a database error is. `data`: these values will never be taken, so the event that
 * brought them is set aside. `environment`: the same statement may succeed later, so it is tried
 * again and nothing is lost. `unknown` is treated like the environment, but it is said loudly.
 */
export type DatabaseFailure = 'data' | 'environment' | 'unknown'

const CLASSES: Readonly<Record<string, DatabaseFailure>> = {
  '08': 'environment', // connection exception
  '22': 'data', // data exception
  '23': 'data', // integrity constraint violation
  '25': 'environment', // invalid transaction state: the session was lost under our feet
  '40': 'environment', // transaction rollback: serialisation failure, deadlock
  '53': 'environment', // insufficient resources
  '54': 'data', // program limit exceeded: a value too large for an index or a stack
  '55': 'environment', // object not in prerequisite state: lock not available
  '57': 'environment', // operator intervention: shutdown, query cancelled
  '58': 'environment', // system error
  XX: 'environment', // internal error
}

const SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])

/** What node-postgres says without a code when a connection is lost, refused or too slow. */
const CONNECTION_WORDS =
  /connection terminated|timeout exceeded|read timeout|not queryable|connection error|ended unexpectedly|cannot use a pool/i

/** Classifies by SQLSTATE (PostgreSQL manual, appendix A), socket code, or node-postgres's words. */
export function databaseFailure(error: unknown): DatabaseFailure {
  if (!(error instanceof Error)) return 'unknown'
  const { code } = error as { code?: unknown }
  if (typeof code === 'string') {
    if (SOCKET_CODES.has(code)) return 'environment'
    if (code.length === 5) return CLASSES[code.slice(0, 2)] ?? 'unknown'
  }
  if (error instanceof AggregateError) return 'environment'
  return CONNECTION_WORDS.test(error.message) ? 'environment' : 'unknown'
}

/** The SQLSTATE of an error, for logs and the set-aside table; never its message. */
export function sqlState(error: unknown): string | null {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null
}
