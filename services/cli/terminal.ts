import type { Environment } from '#platform/config/environment.ts'

/** What a command may touch of the process around it. */
export interface Terminal {
  readonly environment: Environment
  /** One line to standard output; resolves when it may write on. */
  line(text: string): void
  /** One line to standard error: how far the work is, which is no result. */
  note(text: string): void
  /** Aborted by Ctrl-C, or when nobody reads the output any more. */
  readonly stopped: AbortSignal
}
