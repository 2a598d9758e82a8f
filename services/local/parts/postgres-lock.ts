import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { processStart } from './process-start.ts'
import { run } from './run.ts'

async function programOf(pid: number): Promise<string> {
  const comm = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => null)
  if (comm !== null) return comm
  const outcome = await run('ps', ['-o', 'comm=', '-p', String(pid)])
  return outcome.kind === 'ended' ? outcome.output : ''
}

/** Whether the process that wrote a lock file may still be a Postgres that runs. */
async function mayRun(pid: number): Promise<boolean> {
  return processStart(pid) !== null && (await programOf(pid)).includes('postgres')
}

/**
 * Removes the lock that a killed Postgres has left in its folder. Postgres itself refuses to start
 * while any process has the number in it: also one that is dead and not yet waited for, or, after
 * a power loss, a stranger.
 *
 * @param cluster the folder with `postmaster.pid`
 */
export async function dropStaleLock(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid')
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return
  const pid = Number(text.split('\n')[0])
  if (Number.isInteger(pid) && pid > 0 && (await mayRun(pid))) return
  await rm(file, { force: true })
}
