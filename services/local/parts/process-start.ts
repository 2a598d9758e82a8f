import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/**
 * The start time in the text of /proc/<pid>/stat: clock ticks since boot, field 22; null for a
 * zombie, which has ended. The command name in field 2 may hold spaces and brackets itself, so
 * counting begins after the last closing one.
 */
export function startOfStat(stat: string): string | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? null : (fields[19] ?? null)
}

/** When a process began, unmistakable on this machine; null when there is none of that pid. */
export function processStart(pid: number): string | null {
  return existsSync('/proc/self/stat') ? startFromProc(pid) : startFromPs(pid)
}

// Ticks count from the boot, so the boot's id belongs to them.
function startFromProc(pid: number): string | null {
  try {
    const ticks = startOfStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return ticks === null ? null : `${boot}:${ticks}`
  } catch {
    return null
  }
}

function startFromPs(pid: number): string | null {
  const printed = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout
  return printed?.trim() || null
}
