import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PartFault } from './part-fault.ts'
import { processStart } from './process-start.ts'

/** One process: the pid alone may belong to another by now, with its start it is unmistakable. */
export interface LedgerEntry {
  readonly name: string
  readonly pid: number
  readonly started: string
  readonly command: string
}

interface LedgerPage {
  readonly launcher: LedgerEntry
  readonly children: readonly LedgerEntry[]
}

export interface Ledger {
  add(name: string, pid: number, command: string): void
  remove(pid: number): void
  /** Stops what a killed launcher left; resolves with what was found. */
  stopLeftovers(graceMs?: number): Promise<readonly LedgerEntry[]>
}

/** The entries whose process still runs: same pid and same start. */
export function stillRunning(
  entries: readonly LedgerEntry[],
  startOf: (pid: number) => string | null,
): readonly LedgerEntry[] {
  return entries.filter((entry) => startOf(entry.pid) === entry.started)
}

/**
 * Opens `.local/processes.json` for this launcher.
 * @throws PartFault when another launcher that is alive uses the same folder
 */
export function openLedger(file: string): Ledger {
  const before = readPage(file)
  if (before !== null) refuseLivingLauncher(before.launcher)
  const launcher = entryOf('launcher', process.pid, process.title)
  let leftovers = before?.children ?? []
  let children: readonly LedgerEntry[] = []
  const save = () => writePage(file, { launcher, children: [...leftovers, ...children] })
  save()
  return {
    add(name, pid, command) {
      children = [...children, entryOf(name, pid, command)]
      save()
    },
    remove(pid) {
      children = children.filter((entry) => entry.pid !== pid)
      save()
    },
    async stopLeftovers(graceMs = 5_000) {
      const found = stillRunning(leftovers, processStart)
      await stopAll(found, graceMs)
      leftovers = []
      save()
      return found
    },
  }
}

function refuseLivingLauncher(launcher: LedgerEntry): void {
  if (launcher.pid === process.pid) return
  if (stillRunning([launcher], processStart).length === 0) return
  throw new PartFault(
    `Another event-router (process ${launcher.pid}) runs in this folder: stop it, or set LOCAL_DIR to another folder.`,
  )
}

function entryOf(name: string, pid: number, command: string): LedgerEntry {
  return { name, pid, started: processStart(pid) ?? 'gone', command }
}

async function stopAll(entries: readonly LedgerEntry[], graceMs: number): Promise<void> {
  signalAll(entries, 'SIGTERM')
  const deadline = Date.now() + graceMs
  while (Date.now() < deadline && stillRunning(entries, processStart).length > 0) await delay(50)
  signalAll(stillRunning(entries, processStart), 'SIGKILL')
  while (stillRunning(entries, processStart).length > 0) await delay(20)
}

function signalAll(entries: readonly LedgerEntry[], signal: NodeJS.Signals): void {
  for (const entry of entries) {
    try {
      process.kill(entry.pid, signal)
    } catch {
      // It ended between the look and the signal, which is what was wanted.
    }
  }
}

// A page cut short by a power loss says nothing reliable: it counts as no page.
function readPage(file: string): LedgerPage | null {
  try {
    const page = JSON.parse(readFileSync(file, 'utf8')) as LedgerPage
    return Array.isArray(page.children) && page.launcher ? page : null
  } catch {
    return null
  }
}

function writePage(file: string, page: LedgerPage): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.new`, `${JSON.stringify(page, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
