import { Buffer } from 'node:buffer'
import type { LogRecord } from '../fixtures/log-reader.ts'
import type { RawAnswer } from './answer-stream.ts'
import type { ExpectedAnswer } from './case.ts'
import type { DeclaredEndpoint } from './endpoints.ts'

/** What is known of an answer: what it says. */
export interface ReadAnswer {
  readonly status: number
  /** As `ExpectedAnswer` has it. */
  readonly code: string
  /** `topic/partition/offset`, or null. */
  readonly at: string | null
}

interface AnswerBody {
  readonly error?: { readonly code?: unknown; readonly request_id?: unknown }
  readonly received?: unknown
  readonly duplicate?: unknown
  readonly set_aside?: unknown
}

function bodyOf(text: string): AnswerBody | null {
  try {
    return JSON.parse(text) as AnswerBody
  } catch {
    return null
  }
}

function codeOf(body: AnswerBody | null): string {
  if (body?.error !== undefined) return String(body.error.code)
  if (body?.set_aside !== undefined) return String(body.set_aside)
  if (body?.duplicate === true) return 'duplicate'
  return body?.received === true ? 'received' : ''
}

export function readAnswer({ status, headers, body }: RawAnswer): ReadAnswer {
  const parsed = bodyOf(body)
  return { status, code: codeOf(parsed), at: headers.get('x-event-router-record') ?? null }
}

/** What a caller may rely on in every answer, whatever it says. */
export function formFaults({ status, headers, body }: RawAnswer, toHead: boolean): string[] {
  const faults: string[] = []
  const parsed = toHead ? {} : bodyOf(body)
  if (parsed === null) faults.push('the answer is no JSON')
  const isError = status >= 400 && !toHead
  if (isError && !/^req_[0-9a-f]{32}$/.test(String(parsed?.error?.request_id))) {
    faults.push('the answer has no request id')
  }
  const asks = status === 503 || status === 429 || status === 425
  if (asks && !(Number(headers.get('retry-after')) > 0)) faults.push('no Retry-After')
  return faults
}

export function placeText({ topic, partition, offset }: LogRecord): string {
  return `${topic}/${partition}/${offset}`
}

/** The records by their place. */
export type Placed = ReadonlyMap<string, LogRecord>

/**
 * Compares where an answer says that the bytes are with what lies there.
 *
 * @param body as it was sent
 * @returns what is wrong, in words
 */
export function placeFaults(
  answer: ReadAnswer,
  expected: ExpectedAnswer,
  body: Buffer,
  { tenant_id, live_mode }: DeclaredEndpoint,
  placed: Placed,
): string[] {
  if (expected.place === 'none') {
    return answer.at === null ? [] : [`a record lies at ${answer.at}`]
  }
  const record = answer.at === null ? undefined : placed.get(answer.at)
  if (record === undefined) return [`no record lies at ${answer.at}`]
  const [kind, name = ''] = expected.place.split('/')
  const mode = live_mode ? 'live' : 'sandbox'
  const topic = kind === 'quarantine' ? `${mode}.quarantine` : `${mode}.${name}`
  const faults: string[] = []
  if (!record.topic.endsWith(`.${topic}`)) faults.push(`it lies on ${record.topic}`)
  if (record.key !== tenant_id) faults.push('its key is not the tenant of the endpoint')
  const value = record.value ?? Buffer.alloc(0)
  const isSame = kind === 'quarantine' ? value.equals(body) : value.includes(body)
  if (!isSame) faults.push('its bytes are not those that were sent')
  if (kind === 'quarantine' && record.headers.reason !== name) {
    faults.push(`its reason is ${record.headers.reason}`)
  }
  return faults
}

/** Records that no answer told of and that are no copies of one that an answer told of. */
export function unclaimed(records: readonly LogRecord[], claimed: ReadonlySet<string>): string[] {
  const identity = ({ topic, key, value, headers }: LogRecord) =>
    JSON.stringify([topic, key, headers.ce_id, value?.toString('base64')])
  const known = new Set(records.filter((r) => claimed.has(placeText(r))).map(identity))
  return records.filter((record) => !known.has(identity(record))).map(placeText)
}
