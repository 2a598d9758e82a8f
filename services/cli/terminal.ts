import type { Environment } from '#platform/config/environment.ts'

/** What a command may touch of the process around it. */
export interface Terminal {
  readonly environment: Environment
  /** One line to standard output; resolves when it may write on. */
  line(text: string): void
  /** One line to standard error: how far the work is, which is no result. */
  note(text: string): void
  /**
   * False where standard output goes to a file, a pipe or a log, which keep what they are told; a
   * terminal that does not say shows it to a person.
   */
  readonly isInteractive?: boolean
  /** Aborted by Ctrl-C, or when nobody reads the output any more. */
  readonly stopped: AbortSignal
}
