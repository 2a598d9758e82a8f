import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { failure } from './fault.ts'

const PATIENCE_MS = 10_000
const RETRY_MS = 20

async function taken(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(JSON.stringify({ pid: process.pid, host: hostname() }))
    await file.close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

interface Holder {
  readonly pid: number
  readonly host: string
}

function holderOf(text: string): Holder | null {
  try {
    const { pid, host } = JSON.parse(text)
    return Number.isSafeInteger(pid) && typeof host === 'string' ? { pid, host } : null
  } catch {
    return null
  }
}

function isGone({ pid, host }: Holder): boolean {
  if (host !== hostname()) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** Takes a lock away whose holder died, and gives it back when it was another's meanwhile. */
async function clearedAway(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
    if ((await readFile(aside, 'utf8')) !== text) await link(aside, path)
  } catch {
    // Somebody else was quicker; the next attempt will tell.
  }
  await rm(aside, { force: true })
}

async function waitedFor(path: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  let holder: Holder | null = null
  while (!(await taken(path))) {
    const text = await readFile(path, 'utf8').catch(() => '')
    holder = holderOf(text) ?? holder
    if (performance.now() > deadline) {
      const who = holder === null ? 'somebody' : `process ${holder.pid} on ${holder.host}`
      throw failure(`${who} is changing the endpoints; if that is not so, remove ${path}`)
    }
    if (text !== '' && holder !== null && isGone(holder)) await clearedAway(path, text)
    else await delay(RETRY_MS)
  }
}

/**
 * Work that no other command does at the same time; waits up to 10 s for its turn. The lock is a
 * file, so it holds among all who share the folder.
 *
 * @throws CliFault when another one holds it for longer
 */
export async function withFileLock<Result>(
  path: string,
  work: () => Promise<Result>,
): Promise<Result> {
  await waitedFor(path)
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}
