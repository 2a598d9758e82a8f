import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Canaries } from './canaries.ts'
import type { Body, Bytes, CorpusRequest } from './case.ts'
import type { EndpointName, Endpoints } from './endpoints.ts'
import { ulid } from './endpoints.ts'

/** What placeholders stand for in one case. */
export interface Surroundings {
  readonly endpoints: Endpoints
  readonly canaries: Canaries
  /** Ids of this case by number, made when they are first named. */
  readonly ids: Map<string, string>
  /** Unix seconds. */
  readonly now: () => number
}

/** A request as bytes. */
export interface Message {
  readonly bytes: Buffer
  /** Where the body begins and the head ends, for those who send them apart. */
  readonly body: Buffer
}

type Sample = readonly [type: string, version: string]

const SAMPLE: Sample = ['card.transaction.authorized', '2026-05-19']
const PLACEHOLDER = /\{([a-z]+)(?::([A-Za-z0-9.]+))?([+-]\d+)?\}/g
const CRLF = '\r\n'

function sampleEvent([type, version]: Sample): Readonly<Record<string, unknown>> {
  const file = new URL(`../../schemas/${version}/samples/${type}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Fills the placeholders of one request. */
class Wording {
  readonly #around: Surroundings
  readonly #request: CorpusRequest
  /** The body that is signed; known before any text that names a digest is filled. */
  signed: Buffer = Buffer.alloc(0)
  body: Buffer = Buffer.alloc(0)

  constructor(request: CorpusRequest, around: Surroundings) {
    this.#request = request
    this.#around = around
  }

  fill(text: string): string {
    return text.replaceAll(PLACEHOLDER, (whole, name: string, argument = '', shift = '0') =>
      this.#value(name, argument, Number(shift), whole),
    )
  }

  bytes(value: Bytes): Buffer {
    const parts = typeof value === 'string' || !Array.isArray(value) ? [value] : value
    return Buffer.concat(
      parts.map((part) => {
        if (typeof part === 'string') return Buffer.from(this.fill(part))
        if ('hex' in part) return Buffer.from(part.hex, 'hex')
        if ('gzip' in part) return gzipSync(this.fill(part.gzip).repeat(part.times ?? 1))
        return Buffer.from(this.fill(part.repeat).repeat(part.times))
      }),
    )
  }

  bodyBytes(value: Body): Buffer {
    if (typeof value === 'string' || Array.isArray(value) || !('event' in value)) {
      return this.bytes(value as Bytes)
    }
    const { event, sample = SAMPLE, lacks = [], replace = {}, before = '', after = '' } = value
    const whole = { ...sampleEvent(sample), ...this.#own(), ...event }
    const kept = Object.entries(whole).filter(([key]) => !lacks.includes(key))
    // One character a byte, so that what is put in place of a text may be any bytes.
    let text = Buffer.from(this.fill(JSON.stringify(Object.fromEntries(kept)))).toString('latin1')
    for (const [from, to] of Object.entries(replace)) {
      const found = Buffer.from(this.fill(from)).toString('latin1')
      if (!text.includes(found)) throw new Error(`the event has no ${from}`)
      text = text.replace(found, () => this.bytes(to).toString('latin1'))
    }
    return Buffer.concat([this.bytes(before), Buffer.from(text, 'latin1'), this.bytes(after)])
  }

  /** What makes the sample an event of this case, canaries included. */
  #own() {
    const { tenant_id, live_mode } = this.#endpoint('')
    return { id: '{id}', tenant_id, live_mode, note: 'card {card}, mail {email}' }
  }

  #endpoint(name: string) {
    const endpoint = this.#around.endpoints[(name || this.#request.endpoint) as EndpointName]
    if (endpoint === undefined) throw new Error(`no endpoint ${name}`)
    return endpoint
  }

  #id(number: string): string {
    const { ids } = this.#around
    const id = ids.get(number) ?? `evt_${ulid()}`
    ids.set(number, id)
    return id
  }

  #digest(whose: string): string {
    const [name = '', secretId] = whose.split('.')
    const { secrets } = this.#endpoint(name)
    const secret = secrets.find(({ id }) => secretId === undefined || id === secretId)
    if (secret === undefined) throw new Error(`no secret ${whose}`)
    const t = this.fill(this.#request.signedAt)
    return createHmac('sha256', secret.value).update(`${t}.`).update(this.signed).digest('hex')
  }

  #value(name: string, argument: string, shift: number, whole: string): string {
    const { canaries, now } = this.#around
    const values: Readonly<Record<string, () => string>> = {
      now: () => String(now() + shift),
      t: () => this.fill(this.#request.signedAt),
      digest: () => this.#digest(argument),
      wrongdigest: () => withOtherDigit(this.#digest(''), Number(argument)),
      upperdigest: () => this.#digest(argument).toUpperCase(),
      signature: () => `t=${this.fill(this.#request.signedAt)},v1=${this.#digest(argument)}`,
      endpoint: () => this.#endpoint(argument).id,
      tenant: () => this.#endpoint(argument).tenant_id,
      secret: () => this.#endpoint(argument).secrets[0]?.value ?? '',
      id: () => this.#id(argument),
      ulid: () => ulid(),
      card: () => canaries.card,
      email: () => canaries.email,
      body: () => this.body.toString(),
      length: () => String(this.body.byteLength + shift),
      hexlength: () => (this.body.byteLength + shift).toString(16),
    }
    const value = values[name]
    if (value === undefined) throw new Error(`nobody knows ${whole}`)
    return value()
  }
}

function withOtherDigit(digest: string, at: number): string {
  return digest.slice(0, at) + (digest[at] === '0' ? '1' : '0') + digest.slice(at + 1)
}

function chunked(body: Buffer): Buffer {
  const size = Math.max(1, Math.ceil(body.byteLength / 3))
  const chunks: Buffer[] = []
  for (let at = 0; at < body.byteLength; at += size) {
    const part = body.subarray(at, at + size)
    chunks.push(Buffer.from(part.byteLength.toString(16) + CRLF), part, Buffer.from(CRLF))
  }
  return Buffer.concat([...chunks, Buffer.from(`0${CRLF}${CRLF}`)])
}

function usualHeaders(request: CorpusRequest): readonly (readonly [string, string])[] {
  const { signature, framing } = request
  const lines: (readonly [string, string])[] = [
    ['host', 'Host: corpus'],
    ['content-type', 'Content-Type: application/json'],
    ['x-canary', 'X-Canary: {secret} {card} {email}'],
  ]
  if (framing === 'length') lines.push(['content-length', 'Content-Length: {length}'])
  if (framing === 'chunked') lines.push(['transfer-encoding', 'Transfer-Encoding: chunked'])
  if (signature !== null) lines.push(['qairopay-signature', `QairoPay-Signature: ${signature}`])
  return lines.filter(([name]) => !request.without.includes(name))
}

/** A request of a case as bytes, with the signature over the body that it has. */
export function messageOf(request: CorpusRequest, around: Surroundings): Message {
  const wording = new Wording(request, around)
  const body = wording.bodyBytes(request.body)
  wording.body = body
  wording.signed = request.signedBody === null ? body : wording.bodyBytes(request.signedBody)
  if (request.lines !== null) {
    const lines = request.lines.map((line) => (line === '{body}' ? body : wording.bytes(line)))
    const joined = lines.flatMap((line, i) => (i === 0 ? [line] : [Buffer.from(CRLF), line]))
    return { bytes: Buffer.concat(joined), body }
  }
  const usual = usualHeaders(request).map(([, line]) => Buffer.from(wording.fill(line), 'latin1'))
  const lines = [
    Buffer.from(wording.fill(request.line)),
    ...usual,
    ...request.headers.map((line) => wording.bytes(line)),
    Buffer.alloc(0),
  ]
  const head = Buffer.concat(lines.flatMap((line) => [line, Buffer.from(CRLF)]))
  const sent = request.framing === 'chunked' ? chunked(body) : body
  return { bytes: Buffer.concat([head, sent]), body }
}
