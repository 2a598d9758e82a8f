import type { Logger } from './log.ts'
import { errorFields } from './log.ts'

/** One thing to do at the end, in the order given. */
interface ShutdownStep {
  readonly name: string
  run(): Promise<void>
}

export interface ShutdownOptions {
  readonly log: Logger
  readonly steps: readonly ShutdownStep[]
  /** After this many milliseconds the process ends whatever is left to do. */
  readonly deadlineMs: number
}

/** Ends the process in order; the second call changes nothing. */
export type Shutdown = (reason: string, exitCode?: number) => Promise<never>

async function runSteps({ log, steps }: ShutdownOptions): Promise<boolean> {
  let clean = true
  for (const step of steps) {
    try {
      await step.run()
    } catch (error) {
      clean = false
      log.error({ event: 'shutdown.step_failed', step: step.name, ...errorFields(error) })
    }
  }
  return clean
}

/**
 * Stops in order on SIGTERM, SIGINT, an unexpected error, or when the parent that started this
 * process over an IPC channel is gone (the local stack).
 */
export function installShutdown(options: ShutdownOptions): Shutdown {
  const { log, deadlineMs } = options
  let ending: Promise<never> | null = null
  const end = async (reason: string, exitCode: number): Promise<never> => {
    log.info({ event: 'shutdown.begun', reason })
    const timer = setTimeout(() => {
      log.error({ event: 'shutdown.deadline', deadline_ms: deadlineMs })
      process.exit(1)
    }, deadlineMs)
    const clean = await runSteps(options)
    clearTimeout(timer)
    log.info({ event: 'shutdown.done', clean })
    process.exit(clean ? exitCode : 1)
  }
  const shutdown: Shutdown = (reason, exitCode = 0) => {
    ending ??= end(reason, exitCode)
    return ending
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void shutdown(signal))
  }
  process.on('disconnect', () => void shutdown('parent_gone'))
  for (const surprise of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(surprise, (error: unknown) => {
      log.fatal({ event: 'process.surprise', kind: surprise, ...errorFields(error) })
      void shutdown(surprise, 1)
    })
  }
  return shutdown
}
