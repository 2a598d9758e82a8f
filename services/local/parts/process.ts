import { type ChildProcess, spawn } from 'node:child_process'
import { basename } from 'node:path'
import type { PartHost } from './host.ts'
import { openLogFile } from './log-file.ts'
import { PartFault } from './part-fault.ts'
import { run } from './run.ts'

export interface ChildExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A running child process of the launcher. */
export interface Child {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  /** Resolves when it has ended, for whatever reason; never rejects. */
  readonly exited: Promise<ChildExit>
  /** The end of its log. */
  tail(lines?: number): string
  /** Asks politely, and kills after the grace; resolves when it has ended. */
  stop(): Promise<ChildExit>
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<ChildExit>
}

export interface ChildOptions {
  readonly name: string
  /** A command that changes the user and then runs what follows it. */
  readonly prefix?: readonly string[]
  readonly command: string
  readonly args: readonly string[]
  readonly logFile: string
  readonly cwd?: string
  /** Added to the host's environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly stopSignal?: NodeJS.Signals
  readonly stopGraceMs?: number
}

/**
 * Starts a child with its output in a bounded log. It has a process group of its own, so that a
 * Ctrl-C reaches the launcher alone, which then stops its children in order. Where `setpriv` can,
 * the kernel kills the child when the launcher dies; elsewhere the ledger finds it at the next start.
 */
export async function startChild(options: ChildOptions, host: PartHost): Promise<Child> {
  const [command, args] = await diesWithLauncher(options, host)
  const log = openLogFile(options.logFile)
  const child = spawn(command, args, {
    ...(options.cwd && { cwd: options.cwd }),
    env: { ...host.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  child.stdout.on('data', log.append)
  child.stderr.on('data', log.append)
  const exited = exitOf(child, () => log.close())
  const { pid } = child
  if (pid === undefined) {
    await exited
    throw new PartFault(`${options.name} could not be started: ${options.command} was not found.`)
  }
  host.ledger?.add(options.name, pid, basename(options.command))
  void exited.then(() => host.ledger?.remove(pid))
  const running: Child = {
    name: options.name,
    pid,
    logFile: options.logFile,
    exited,
    tail: (lines = 20) => log.tail(lines),
    stop: () => stop(child, exited, options.stopSignal ?? 'SIGTERM', options.stopGraceMs ?? 10_000),
    kill: () => stop(child, exited, 'SIGKILL', 0),
  }
  host.started?.(running)
  return running
}

async function stop(
  child: ChildProcess,
  exited: Promise<ChildExit>,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<ChildExit> {
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  const exit = await exited
  clearTimeout(timer)
  return exit
}

// Grandchildren may hold the pipes after the child has gone, so 'close' is waited for only so long.
function exitOf(child: ChildProcess, afterwards: () => void): Promise<ChildExit> {
  const lastOutputMs = 300
  return new Promise<ChildExit>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }))
    child.once('close', (code, signal) => resolve({ code, signal }))
    child.once('exit', (code, signal) => {
      setTimeout(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
        resolve({ code, signal })
      }, lastOutputMs).unref()
    })
  }).finally(afterwards)
}

type CommandLine = readonly [string, readonly string[]]

// The kernel forgets the death signal when a process changes its user, so the prefix goes first.
async function diesWithLauncher(options: ChildOptions, host: PartHost): Promise<CommandLine> {
  const guard = ['setpriv', '--pdeathsig', 'KILL']
  const guarded = (await guardWorks(guard, host)) ? guard : []
  const line = [...(options.prefix ?? []), ...guarded, options.command, ...options.args]
  const [command = '', ...args] = line
  return [command, args]
}

async function guardWorks(guard: readonly string[], host: PartHost): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const [command = '', ...args] = guard
  const outcome = await run(command, [...args, 'true'], { env: host.env })
  return outcome.kind === 'ended' && outcome.code === 0
}
