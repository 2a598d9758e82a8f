import { spawn } from 'node:child_process'

export type RunOutcome =
  | { readonly kind: 'missing' }
  | { readonly kind: 'ended'; readonly code: number | null; readonly output: string }

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Text for the standard input, which is closed after it. */
  readonly input?: string
}

/** Runs a command to its end; output is both streams together. A missing command is an outcome. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.env && { env: options.env }),
      ...(options.cwd && { cwd: options.cwd }),
      stdio: 'pipe',
    })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'EACCES') resolve({ kind: 'missing' })
      else reject(error)
    })
    child.on('close', (code) => resolve({ kind: 'ended', code, output }))
    // A command that does not read its input may be gone before it is written.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}
