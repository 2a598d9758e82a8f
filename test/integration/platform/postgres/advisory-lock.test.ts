import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { createLogger } from '#platform/log.ts'
import { withAdvisoryLock } from '#platform/postgres/advisory-lock.ts'
import type { Database } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'

function open(): Database {
  return openDatabase({
    url: inject('databaseUrl'),
    applicationName: 'lock-test',
    poolSize: 2,
    statementTimeoutMs: 10_000,
    log: createLogger({ service: 'test', level: 'silent' }),
  })
}

const one = open()
const other = open()
const DONE = async () => 'done'

afterAll(async () => {
  await Promise.all([one.end(), other.end()])
})

describe('work under a lock', () => {
  it('excludes the same work elsewhere, and no other', async () => {
    const name = randomUUID()
    const inside = await withAdvisoryLock(one, name, async (isHeld) => [
      await isHeld(),
      await withAdvisoryLock(other, name, DONE),
      await withAdvisoryLock(other, randomUUID(), DONE),
    ])
    expect(inside).toEqual({ result: [true, null, { result: 'done' }] })
    expect(await withAdvisoryLock(other, name, DONE)).toEqual({ result: 'done' })
  })

  it('that fails gives the lock back', async () => {
    const name = randomUUID()
    const failing = async () => {
      throw new Error('no')
    }
    await expect(withAdvisoryLock(one, name, failing)).rejects.toThrow('no')
    expect(await withAdvisoryLock(other, name, DONE)).toEqual({ result: 'done' })
  })

  it('hears that its connection is gone, and with it the lock', async () => {
    const name = randomUUID()
    // Waits for the backend's end (milliseconds): it says goodbye before it lets go of its locks.
    const kill = `
SELECT pg_terminate_backend(pid, 10000) FROM pg_locks
WHERE locktype = 'advisory' AND granted
  AND (classid::bigint << 32 | objid::bigint) = hashtextextended($1, 0)`
    const heard = await withAdvisoryLock(one, name, async (isHeld) => {
      await other.session((session) => session.query({ text: kill, values: [name] }))
      return [await isHeld(), await withAdvisoryLock(other, name, DONE)]
    })
    expect(heard).toEqual({ result: [false, { result: 'done' }] })
    expect(await withAdvisoryLock(one, name, DONE)).toEqual({ result: 'done' })
  })
})
