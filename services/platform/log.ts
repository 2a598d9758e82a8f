import type { EventEmitter } from 'node:events'
import type { DestinationStream, Logger as PinoLogger } from 'pino'
import { pino } from 'pino'

/** JSON lines on standard output; one canonical line per unit of work. */
export type Logger = PinoLogger

/** The innermost frame. Only what follows the message counts: a line of it can look like a frame. */
function placeOf({ stack = '', message }: Error): string | undefined {
  const at = stack.indexOf(message)
  const frames = at === -1 ? '' : stack.slice(at + message.length)
  return frames.split('\n').find((line) => line.trimStart().startsWith('at '))
}

/**
 * What may be said of an error: its class, its code and its place. Messages of other people's
 * errors can repeat the values they stumbled over (Postgres, JSON), so they stay out.
 */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error }
  const { code, type } = error as { code?: unknown; type?: unknown }
  const place = placeOf(error)
  return {
    error: error.name,
    ...(code === undefined ? {} : { error_code: String(code) }),
    ...(type === undefined ? {} : { error_type: String(type) }),
    ...(place === undefined ? {} : { error_place: place.trim().replace(/^at .*[/\\]/, '') }),
  }
}

/** Redaction is the second line of defence; the first is that nobody logs these at all. */
const REDACTED = [
  'secret',
  'secrets',
  'body',
  'raw',
  'signature',
  'password',
  'headers',
  '*.secret',
  '*.secrets',
  '*.body',
  '*.raw',
  '*.signature',
  '*.password',
  '*.headers',
]

export interface LogOptions {
  readonly service: string
  readonly level: string
  /** Standard output when missing. */
  readonly destination?: DestinationStream
}

const FLUSH_CAP_MS = 200

/**
 * Waits until the line that was just logged is written, and all before it, for 200 ms at most. pino
 * writes in the background: what an exit cuts short comes out of order or not at all.
 */
export function flushed(log: Logger): Promise<void> {
  const { [pino.symbols.streamSym]: stream } = log as unknown as Record<symbol, EventEmitter>
  return new Promise((resolve) => {
    setTimeout(resolve, FLUSH_CAP_MS)
    stream?.once('drain', resolve)
  })
}

/** A logger for the last words of a process, each written before the call returns. */
export function lastWords(service: string): Logger {
  return createLogger({ service, level: 'info', destination: pino.destination({ sync: true }) })
}

/** A logger that writes JSON lines. */
export function createLogger({ service, level, destination }: LogOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED, censor: '(redacted)' },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
