import type { Logger } from './log.ts'
import { errorFields, flushed } from './log.ts'

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

/**
 * Ends the process in order. A second call hastens nothing, but the process exits with the worst of
 * the codes that were asked for.
 */
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
  let exitCode = 0
  const end = async (reason: string): Promise<never> => {
    log.info({ event: 'shutdown.begun', reason })
    const timer = setTimeout(() => {
      log.error({ event: 'shutdown.deadline', deadline_ms: deadlineMs })
      void flushed(log).then(() => process.exit(1))
    }, deadlineMs)
    const clean = await runSteps(options)
    clearTimeout(timer)
    log.info({ event: 'shutdown.done', clean })
    await flushed(log)
    process.exit(clean ? exitCode : 1)
  }
  const shutdown: Shutdown = (reason, asked = 0) => {
    exitCode = Math.max(exitCode, asked)
    if (ending !== null) log.info({ event: 'shutdown.going_on', reason })
    ending ??= end(reason)
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
