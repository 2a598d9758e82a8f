import { spawn } from 'node:child_process'

export type RunOutcome =
  | { readonly kind: 'missing' }
  | { readonly kind: 'ended'; readonly code: number | null; readonly output: string }

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Text for the standard input, which is closed after it. */
  readonly input?: string
  /** Ends the command with SIGTERM when aborted. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a command to its end; output is both streams together. A missing command is an outcome.
 * @throws AbortError once the command has ended because of `signal`
 */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.env && { env: options.env }),
      ...(options.cwd && { cwd: options.cwd }),
      ...(options.signal && { signal: options.signal }),
      stdio: 'pipe',
    })
    let output = ''
    let aborted: Error | null = null
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'EACCES') resolve({ kind: 'missing' })
      // What it writes to is not touched before it is gone.
      else if (error.name === 'AbortError' && child.pid !== undefined) aborted = error
      else reject(error)
    })
    child.on('close', (code) => {
      if (aborted === null) resolve({ kind: 'ended', code, output })
      else reject(aborted)
    })
    // A command that does not read its input may be gone before it is written.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}
