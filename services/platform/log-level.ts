import type { Logger } from './log.ts'

/** From the quietest to the one that says most. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevelName = (typeof LOG_LEVELS)[number]

/** How long a level may stay changed. */
const LONGEST_CHANGE_SECONDS = 3600
const USUAL_CHANGE_SECONDS = 600

/** How much is logged now, and until when. */
export interface LogLevelState {
  readonly level: LogLevelName
  /** The one of the start, to which it falls back. */
  readonly configured: LogLevelName
  /** When it falls back, as ISO time; null while it is the configured one. */
  readonly until: string | null
}

/** A change that was asked for and makes sense. */
export interface LogLevelChange {
  readonly level: LogLevelName
  readonly seconds: number
}

function isLevel(value: unknown): value is LogLevelName {
  return (LOG_LEVELS as readonly unknown[]).includes(value)
}

/** Reads `{"level":"debug","for_seconds":600}`; otherwise what is wrong with it, in words. */
export function logLevelChange(
  body: unknown,
  configured: LogLevelName,
): LogLevelChange | { readonly problem: string } {
  if (typeof body !== 'object' || body === null) return { problem: 'a JSON object is needed' }
  const {
    level,
    for_seconds: seconds = USUAL_CHANGE_SECONDS,
    ...others
  } = body as {
    level?: unknown
    for_seconds?: unknown
  }
  if (Object.keys(others).length > 0) {
    return { problem: 'only level and for_seconds are taken' }
  }
  if (!isLevel(level)) return { problem: `level must be one of ${LOG_LEVELS.join(', ')}` }
  // Whoever reaches this port must not be able to silence alarms.
  if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(configured)) {
    return { problem: `level may not be quieter than the configured one, ${configured}` }
  }
  if (!Number.isInteger(seconds) || Number(seconds) < 1) {
    return { problem: 'for_seconds must be a whole number of seconds, 1 or more' }
  }
  if (Number(seconds) > LONGEST_CHANGE_SECONDS) {
    return { problem: `for_seconds may be ${LONGEST_CHANGE_SECONDS} at most` }
  }
  return { level, seconds: Number(seconds) }
}

/** The level of a process's log: changed for a while, back by itself. */
export class LogLevel {
  readonly #log: Logger
  readonly #configured: LogLevelName
  #until: number | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(log: Logger) {
    this.#log = log
    this.#configured = log.level as LogLevelName
  }

  get configured(): LogLevelName {
    return this.#configured
  }

  state(): LogLevelState {
    const until = this.#until === null ? null : new Date(this.#until).toISOString()
    return { level: this.#log.level as LogLevelName, configured: this.#configured, until }
  }

  /** @param by address of whoever asked, as far as known */
  change({ level, seconds }: LogLevelChange, by: string): LogLevelState {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#until = null
    if (level === this.#configured) {
      this.#set(level, { by })
      return this.state()
    }
    this.#until = Date.now() + seconds * 1000
    this.#timer = setTimeout(() => {
      this.#until = null
      this.#set(this.#configured, { by: 'time' })
    }, seconds * 1000)
    this.#timer.unref()
    this.#set(level, { by, for_seconds: seconds })
    return this.state()
  }

  /** The line about it is written whatever the level is. */
  #set(to: LogLevelName, facts: Readonly<Record<string, string | number>>): void {
    const from = this.#log.level
    this.#log.level = 'warn'
    this.#log.warn({ event: 'log_level.changed', from, to, ...facts })
    this.#log.level = to
  }
}
