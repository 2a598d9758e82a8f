import { createHmac } from 'node:crypto'
import type { DeclaredEndpoint } from './endpoints.ts'

/**
 * A second opinion on what bytes on a connection mean: a parser that shares nothing with the
 * ingress's. Where framing is in the slightest doubt it calls the bytes malformed; about the
 * request line, which decides no framing, it is as lenient as can be.
 */
export interface ReadRequest {
  readonly method: string
  /** From the path, escapes resolved; null on another path. */
  readonly endpointId: string | null
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** Nothing about it is unusual, so that there is no ground to refuse it. */
  readonly isPlain: boolean
}

export interface ReadBytes {
  readonly requests: readonly ReadRequest[]
  /** What follows the last whole request. */
  readonly rest: 'nothing' | 'beginning of a request' | 'no request'
}

type Body = { readonly body: Buffer; readonly end: number } | 'unfinished' | 'malformed'

const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/
const CHUNK = /^([0-9A-Fa-f]{1,8})(?:;[\t\x20-\x7e\x80-\xff]*)?$/
const PLAIN_LINE = /^POST \/v1\/hooks\/whk_\w+ HTTP\/1\.[01]$/
const CRLF = '\r\n'

function endpointIdOf(target: string): string | null {
  const [, encoded] = /^(?:http:\/\/[^/]*)?\/v1\/hooks\/([^?#;/]*)/i.exec(target) ?? []
  try {
    return encoded === undefined ? null : decodeURIComponent(encoded)
  } catch {
    return null
  }
}

function chunkedBody(text: string, from: number): Body {
  const parts: string[] = []
  let at = from
  for (;;) {
    const lineEnd = text.indexOf(CRLF, at)
    if (lineEnd === -1) return 'unfinished'
    const size = CHUNK.exec(text.slice(at, lineEnd))?.[1]
    if (size === undefined) return 'malformed'
    const length = Number.parseInt(size, 16)
    at = lineEnd + 2
    if (length === 0) break
    if (text.length < at + length + 2) return 'unfinished'
    if (text.slice(at + length, at + length + 2) !== CRLF) return 'malformed'
    parts.push(text.slice(at, at + length))
    at += length + 2
  }
  for (;;) {
    const lineEnd = text.indexOf(CRLF, at)
    if (lineEnd === -1) return 'unfinished'
    const line = text.slice(at, lineEnd)
    at = lineEnd + 2
    if (line === '') return { body: Buffer.from(parts.join(''), 'latin1'), end: at }
    if (!HEADER.test(line)) return 'malformed'
  }
}

function valuesOf(headers: ReadRequest['headers'], wanted: string): readonly string[] {
  return headers.filter(([name]) => name === wanted).map(([, value]) => value)
}

function bodyOf(text: string, from: number, headers: ReadRequest['headers']): Body {
  const lengths = valuesOf(headers, 'content-length')
  const encodings = valuesOf(headers, 'transfer-encoding')
  if (encodings.length > 0) {
    const isChunked = encodings.length === 1 && encodings[0]?.toLowerCase() === 'chunked'
    return isChunked && lengths.length === 0 ? chunkedBody(text, from) : 'malformed'
  }
  const [length = '0'] = lengths
  if (lengths.length > 1 || !/^\d{1,15}$/.test(length)) return 'malformed'
  const end = from + Number(length)
  if (text.length < end) return 'unfinished'
  return { body: Buffer.from(text.slice(from, end), 'latin1'), end }
}

/** Reads all bytes of a connection. */
export function readRequests(bytes: Buffer): ReadBytes {
  const text = bytes.toString('latin1')
  const requests: ReadRequest[] = []
  let at = 0
  for (;;) {
    // Empty lines before a request are to be passed over (RFC 9112, 2.2), however they end.
    while (text[at] === '\r' || text[at] === '\n') at += 1
    if (at === text.length) return { requests, rest: 'nothing' }
    const headEnd = text.indexOf(CRLF + CRLF, at)
    if (headEnd === -1) return { requests, rest: 'beginning of a request' }
    const [line = '', ...lines] = text.slice(at, headEnd).split(CRLF)
    const headers = lines.map((each) => HEADER.exec(each))
    const [, method = '', target = ''] = /^([A-Z]+) +(\S+)(?: [^\r\n]*)?$/.exec(line) ?? []
    if (method === '' || headers.includes(null)) return { requests, rest: 'no request' }
    const named = headers.map(
      (match) => [(match?.[1] ?? '').toLowerCase(), match?.[2] ?? ''] as const,
    )
    const body = bodyOf(text, headEnd + 4, named)
    if (body === 'malformed') return { requests, rest: 'no request' }
    if (body === 'unfinished') return { requests, rest: 'beginning of a request' }
    requests.push({
      method,
      endpointId: endpointIdOf(target),
      headers: named,
      body: body.body,
      isPlain: PLAIN_LINE.test(line),
    })
    at = body.end
  }
}

function partsOf(value: string, key: string): readonly string[] {
  const parts = value.split(',').map((part) => part.trim())
  return parts
    .filter((part) => part.startsWith(`${key}=`))
    .map((part) => part.slice(key.length + 1))
}

/** Whether one of the endpoint's secrets signed the body, as one of these headers says. */
function matches(values: readonly string[], body: Buffer, { secrets }: DeclaredEndpoint): boolean {
  return values.some((header) => {
    const digests = partsOf(header, 'v1')
    return partsOf(header, 't').some((t) =>
      secrets.some(({ value }) => {
        const hmac = createHmac('sha256', value).update(`${t}.`).update(body)
        return digests.includes(hmac.digest('hex'))
      }),
    )
  })
}

/** How sure it is that QairoPay signed these bytes for an endpoint that takes them. */
export type Opinion = 'unsigned' | 'signed' | 'signed as usual'

const USUAL_HEADER = /^t=[1-9]\d{9}(?:,[a-z]\w{0,7}=[\w.]{1,64})*$/

/** The opinion on one request; `signed as usual` leaves no ground for a refusal. */
export function opinionOn(
  { method, endpointId, headers, body, isPlain }: ReadRequest,
  endpoints: readonly DeclaredEndpoint[],
): Opinion {
  const endpoint = endpoints.find(({ id }) => id === endpointId)
  if (endpoint === undefined || method !== 'POST') return 'unsigned'
  if (!endpoint.enabled || endpoint.removed) return 'unsigned'
  const fresh = valuesOf(headers, 'qairopay-signature')
  const old = valuesOf(headers, 'x-qairopay-signature')
  if (!matches([...fresh, ...old], body, endpoint)) return 'unsigned'
  const values = fresh.length > 0 ? fresh : old
  const [value = ''] = values
  const digests = partsOf(value, 'v1')
  const isUsual =
    isPlain &&
    values.length === 1 &&
    USUAL_HEADER.test(value) &&
    partsOf(value, 't').length === 1 &&
    digests.length <= 8 &&
    digests.every((digest) => /^[0-9a-f]{64}$/.test(digest)) &&
    matches([value], body, endpoint)
  return isUsual ? 'signed as usual' : 'signed'
}
