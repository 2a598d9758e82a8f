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
