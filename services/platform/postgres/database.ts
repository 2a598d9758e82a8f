import type { PoolClient } from 'pg'
import { Pool, types } from 'pg'
import type { Logger } from '../log.ts'
import { errorFields } from '../log.ts'
import { databaseFailure } from './failure.ts'

type SqlValue = string | number | bigint | boolean | Uint8Array | null
export type SqlParameter = SqlValue | readonly SqlValue[]

/** A statement with its parameters; a name makes it prepared once a connection. */
interface Statement {
  readonly name?: string
  readonly text: string
  readonly values: readonly SqlParameter[]
  /** How long its answer may take, where that is not the database's own limit and a second. */
  readonly answerWithinMs?: number
}

export type Row = Readonly<Record<string, unknown>>

/** One connection inside a transaction. */
export interface Transaction {
  /** Rows as objects; int8 as bigint, timestamps as Date. */
  query(statement: Statement): Promise<readonly Row[]>
}

export interface Database {
  /**
   * BEGIN, the work, COMMIT; ROLLBACK when the work throws. After a lost COMMIT it is unknown
   * whether the work was done: callers must be able to repeat it.
   */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>
  /** Work on one connection of its own, outside of any transaction (migrations, advisory locks). */
  session<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>
  end(): Promise<void>
}

export interface DatabaseOptions {
  readonly url: string
  readonly applicationName: string
  readonly poolSize: number
  /** No single statement may take longer. */
  readonly statementTimeoutMs: number
  readonly log: Logger
}

const INT8_OID = 20

function typeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  if (oid === INT8_OID) return (text) => BigInt(text)
  return types.getTypeParser(oid, format as 'text') as (text: string) => unknown
}

function transactionOn(client: PoolClient): Transaction {
  return {
    query: async ({ name, text, values, answerWithinMs }) => {
      const result = await client.query({
        text,
        values: [...values],
        ...(name === undefined ? {} : { name }),
        ...(answerWithinMs === undefined ? {} : { query_timeout: answerWithinMs }),
      })
      return result.rows as Row[]
    },
  }
}

async function rolledBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK')
    return true
  } catch {
    return false
  }
}

/**
 * A pool of connections. Every wait has an end: to connect, for a statement on the server, for its
 * answer here (a hung server), and in an idle transaction (a hung client).
 */
export function openDatabase(options: DatabaseOptions): Database {
  const { log, statementTimeoutMs } = options
  const pool = new Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.poolSize,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 1000,
    idle_in_transaction_session_timeout: 2 * statementTimeoutMs,
    keepAlive: true,
    types: { getTypeParser: typeParser as typeof types.getTypeParser },
  })
  // A connection that breaks between two statements, idle or in our hands, says so by an event
  // that would end the process; the next statement will tell.
  const lost = (error: Error) =>
    log.warn({ event: 'database.connection_lost', ...errorFields(error) })
  pool.on('error', lost)
  const borrow = async () => {
    const client = await pool.connect()
    client.on('error', lost)
    return client
  }
  const giveBack = (client: PoolClient, broken: boolean) => {
    client.release(broken)
    // A broken one may still have something to say.
    if (!broken) client.off('error', lost)
  }

  const session = async <Result>(work: (transaction: Transaction) => Promise<Result>) => {
    const client = await borrow()
    let broken = true
    try {
      const result = await work(transactionOn(client))
      broken = false
      return result
    } finally {
      giveBack(client, broken)
    }
  }

  return {
    session,
    transaction: async (work) => {
      const client = await borrow()
      let broken = false
      try {
        await client.query('BEGIN')
        const result = await work(transactionOn(client))
        await client.query('COMMIT')
        return result
      } catch (error) {
        broken = databaseFailure(error) !== 'data' || !(await rolledBack(client))
        throw error
      } finally {
        giveBack(client, broken)
      }
    },
    end: () => pool.end(),
  }
}
