import { spawn } from 'node:child_process'
import type { RunOptions } from '#local/parts/run.ts'
import { run } from '#local/parts/run.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { CannotBeHad } from '../fixtures/go-programs.ts'

const LAST_LINES = 15

/**
 * Runs a command to its end.
 * @returns what it printed
 * @throws CannotBeHad when there is no such command; an Error with the end of its output when it fails
 */
export async function command(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const outcome = await run(name, args, { env: processEnvironment(), ...options })
  if (outcome.kind === 'missing') throw new CannotBeHad(`there is no ${name} in PATH`)
  if (outcome.code === 0) return outcome.output
  const end = outcome.output.trimEnd().split('\n').slice(-LAST_LINES).join('\n')
  throw new Error(`${[name, ...args].join(' ').slice(0, 200)} ended with ${outcome.code}:\n${end}`)
}

/** Runs a command with this terminal as its own; returns its exit code. */
export async function foreground(name: string, args: readonly string[]): Promise<number> {
  const child = spawn(name, args, { stdio: 'inherit', env: processEnvironment() })
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}
