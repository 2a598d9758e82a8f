import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)
const TICKS_PER_SECOND = 100

async function git(...args: readonly string[]): Promise<string> {
  return await run('git', [...args]).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  )
}

/** The machine and the commit that figures come from, in one line. */
export async function surroundings(): Promise<string> {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const commit = (await git('rev-parse', '--short', 'HEAD')) || 'no commit'
  const changed = (await git('status', '--porcelain')) === '' ? '' : ' with changes'
  const machine = `${availableParallelism()} x ${cpu?.model ?? 'unknown'}, ${memory} GiB`
  return `${machine}, ${process.platform}, Node ${process.versions.node}, commit ${commit}${changed}`
}

/** CPU seconds that a process has used so far; null where there is no /proc. */
export async function cpuSeconds(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (text === null) return null
  // The command's name may hold spaces; fields are counted from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
