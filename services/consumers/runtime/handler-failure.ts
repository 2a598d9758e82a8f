import { createHash } from 'node:crypto'
import { sqlState } from '#platform/postgres/failure.ts'

/**
 * What is done about an error of a handler. `set_aside`: the event's data will never be taken.
 * `park`: tried again in place, then the tenant waits and others go on. `batch`: the environment is
 * at fault (or the transaction is lost), so the whole batch is tried again and nobody is parked: an
 * outage never drains a topic.
 */
export type FailureVerdict = 'set_aside' | 'park' | 'batch'

/** By SQLSTATE, the longest prefix wins; a database error that is not listed is the environment's. */
const SQL_VERDICTS: Readonly<Record<string, FailureVerdict>> = {
  '22': 'set_aside', // data exception
  '23': 'set_aside', // integrity constraint violation
  '54': 'set_aside', // program limit exceeded
  '57014': 'park', // statement time-out: this event may be the slow one
  '55P03': 'park', // lock not available
}

/** Other systems that a handler calls and that are away. */
const AWAY: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
])

function codeOf(error: unknown): string | null {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause instanceof Error ? codeOf(cause) : null
}

/** One table for every error that a handler throws; what nobody knows is tried again, then parked. */
export function failureVerdict(error: unknown): FailureVerdict {
  const state = sqlState(error)
  if (state !== null) return SQL_VERDICTS[state] ?? SQL_VERDICTS[state.slice(0, 2)] ?? 'batch'
  const code = codeOf(error)
  return code !== null && AWAY.has(code) ? 'batch' : 'park'
}

/** Why something could not be handled; what has the same fingerprint has one cause. */
export interface Cause {
  readonly fingerprint: string
  readonly errorClass: string
  /** Function and file of ours in which it was thrown; never a message, which can repeat values. */
  readonly place: string
  readonly eventType: string
  readonly apiVersion: string
}

const OWN_FRAME =
  /at (?:async )?(?:(.+?) \()?(?:file:\/\/)?[^()]*?([^/()]+\.[cm]?[jt]s):(\d+):\d+\)?$/

/** The first frame of the stack that is neither Node's nor a dependency's. */
function placeOf(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : []
  const frames = lines.map((line) => line.trim()).filter((line) => line.startsWith('at '))
  const own = frames.find((line) => !line.includes('node:') && !line.includes('node_modules'))
  const [, name, file, row] = OWN_FRAME.exec(own ?? frames[0] ?? '') ?? []
  if (file === undefined) return 'unknown'
  return name === undefined ? `${file}:${row}` : `${name} (${file})`
}

function errorClassOf(error: unknown): string {
  const state = sqlState(error)
  if (state !== null) return `sql ${state}`
  return error instanceof Error ? error.name : typeof error
}

/** The cause of an error that an event met. */
export function causeOf(error: unknown, eventType: string, apiVersion: string): Cause {
  const errorClass = errorClassOf(error)
  const place = placeOf(error)
  return causeFrom({ errorClass, place, eventType, apiVersion })
}

/** The cause with these parts; the same parts give the same fingerprint. */
export function causeFrom(parts: Omit<Cause, 'fingerprint'>): Cause {
  const { errorClass, place, eventType, apiVersion } = parts
  const text = [errorClass, place, eventType, apiVersion].join('\n')
  const fingerprint = createHash('sha256').update(text).digest('hex').slice(0, 12)
  return { fingerprint, ...parts }
}
