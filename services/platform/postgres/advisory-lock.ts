import type { Database, Transaction } from './database.ts'

const TAKE = 'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken'
const GIVE_BACK = 'SELECT pg_advisory_unlock(hashtextextended($1, 0))'

async function answers(connection: Transaction): Promise<boolean> {
  try {
    await connection.query({ text: 'SELECT 1', values: [] })
    return true
  } catch {
    return false
  }
}

/**
 * Work that nobody else does at the same time, under a lock that ends with the connection, and so
 * with the process. `isHeld` is false once the connection is gone: then somebody else may begin.
 *
 * @returns null when somebody else is at it
 * @throws what the work throws, and when the database cannot be reached
 */
export async function withAdvisoryLock<Result>(
  database: Database,
  name: string,
  work: (isHeld: () => Promise<boolean>) => Promise<Result>,
): Promise<{ readonly result: Result } | null> {
  return await database.session(async (connection) => {
    const [row] = await connection.query({ text: TAKE, values: [name] })
    if (row?.taken !== true) return null
    try {
      return { result: await work(() => answers(connection)) }
    } finally {
      // Also after a failure: the server hears late that a connection is gone, and whoever comes
      // next would be sent away. Without the connection there is no lock to give back.
      await connection.query({ text: GIVE_BACK, values: [name] }).catch(() => {})
    }
  })
}
