import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { TlsFiles } from '#platform/config/tls-files.ts'
import { tlsMaterial } from '#platform/config/tls-files.ts'
import type { Endpoint } from './endpoints.ts'

/** Why there is no decision; stable, since they are metric labels. */
export const NO_DECISIONS = [
  /** The budget was over, or used up before the call was read. */
  'late',
  /** As many calls of the endpoint are on their way as may be. */
  'busy',
  /** No connection, or no answer that is HTTP. */
  'unreachable',
  /** The connection ended in the middle of the answer. */
  'broken_off',
  'redirected',
  /** Any other status than 2xx. */
  'refused',
  'too_large',
  /** Compressed although nobody asked for it. */
  'encoded',
] as const
export type NoDecision = (typeof NO_DECISIONS)[number]

export type ServiceAnswer =
  | {
      readonly kind: 'decided'
      readonly body: Uint8Array
      readonly contentType: string | null
    }
  | { readonly kind: 'none'; readonly reason: NoDecision }

/** A verified call, as it is passed on. */
export interface CallToDecide {
  readonly endpoint: Endpoint
  readonly url: URL
  /** Exactly as signed. */
  readonly body: Uint8Array
  readonly contentType: string | undefined
  /** The signature under the name that QairoPay gave it. */
  readonly signature: { readonly name: string; readonly value: string }
  readonly traceparent: string | null
  /** When the headers had arrived, on the clock of `performance.now()`. */
  readonly arrivedAtMs: number
}

export interface DecisionServicesOptions {
  /** From the arrival of the headers to the service's last byte. */
  readonly budgetMs: number
  /** Calls of one endpoint that may be on their way. */
  readonly maxInFlight: number
  /** Whom we trust behind an https address, and what we show. */
  readonly tls: TlsFiles
}

export const LARGEST_ANSWER = 64 * 1024
/** Node's own servers close idle connections after 5 s; one that is just closing costs a call. */
const IDLE_MS = 4000
const MAX_IDLE = 16
const PLAIN_TEXT = /^[\x20-\x7e]{1,256}$/

function none(reason: NoDecision): ServiceAnswer {
  return { kind: 'none', reason }
}

function plain(value: string | undefined): string | null {
  return value !== undefined && PLAIN_TEXT.test(value) ? value : null
}

function headersOf(call: CallToDecide, budgetMs: number): Record<string, string | number> {
  const { endpoint, body, signature, traceparent } = call
  return {
    'content-type': plain(call.contentType) ?? 'application/octet-stream',
    'content-length': body.byteLength,
    [signature.name]: signature.value,
    'x-event-router-endpoint': endpoint.id,
    'x-event-router-tenant': endpoint.tenantId,
    'x-event-router-mode': endpoint.mode,
    'x-event-router-budget-ms': Math.floor(budgetMs),
    ...(traceparent === null ? {} : { traceparent }),
  }
}

/** What the head of an answer rules out; null when its body is worth reading. */
function headFault({ statusCode = 0, headers }: IncomingMessage): NoDecision | null {
  if (statusCode >= 300 && statusCode < 400) return 'redirected'
  if (statusCode < 200 || statusCode >= 300) return 'refused'
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return 'encoded'
  return Number(headers['content-length'] ?? 0) > LARGEST_ANSWER ? 'too_large' : null
}

/** Reads an answer to its end. May settle more than once; the first time counts. */
function readAnswer(response: IncomingMessage, settle: (answer: ServiceAnswer) => void): void {
  const fault = headFault(response)
  if (fault !== null) {
    settle(none(fault))
    return
  }
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength
    if (bytes > LARGEST_ANSWER) settle(none('too_large'))
    else chunks.push(chunk)
  })
  response.on('error', () => settle(none('broken_off')))
  response.on('close', () => settle(none('broken_off')))
  response.on('end', () => {
    const contentType = plain(response.headers['content-type'])
    settle({ kind: 'decided', body: Buffer.concat(chunks), contentType })
  })
}

/** The operators' decision services: one try each, within the budget, nothing queued. */
export class DecisionServices {
  readonly #options: DecisionServicesOptions
  readonly #inFlight = new Map<string, number>()
  readonly #http: HttpAgent
  readonly #https: HttpsAgent

  constructor(options: DecisionServicesOptions) {
    const kept = { keepAlive: true, maxFreeSockets: MAX_IDLE, timeout: IDLE_MS }
    this.#options = options
    this.#http = new HttpAgent(kept)
    this.#https = new HttpsAgent(kept)
  }

  /** Asks the service once. Never rejects, and never takes longer than what is left of the budget. */
  async decide(call: CallToDecide): Promise<ServiceAnswer> {
    const { budgetMs, maxInFlight } = this.#options
    const { id } = call.endpoint
    const leftMs = call.arrivedAtMs + budgetMs - performance.now()
    if (leftMs <= 0) return none('late')
    const held = this.#inFlight.get(id) ?? 0
    if (held >= maxInFlight) return none('busy')
    this.#inFlight.set(id, held + 1)
    try {
      return await this.#ask(call, leftMs)
    } finally {
      const left = (this.#inFlight.get(id) ?? 1) - 1
      if (left === 0) this.#inFlight.delete(id)
      else this.#inFlight.set(id, left)
    }
  }

  /** Closes the kept connections. */
  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  #ask(call: CallToDecide, leftMs: number): Promise<ServiceAnswer> {
    return new Promise((resolve) => {
      const outgoing = this.#request(call, leftMs)
      let isSettled = false
      const settle = (answer: ServiceAnswer) => {
        if (isSettled) return
        isSettled = true
        clearTimeout(timer)
        // A connection whose answer was read to its end is used again; any other is not.
        if (answer.kind === 'none') outgoing.destroy()
        resolve(answer)
      }
      const timer = setTimeout(() => settle(none('late')), leftMs)
      let hasBegun = false
      // Once an answer has begun, only it tells how it ends: the request may be closed before that.
      const failed = () => (hasBegun ? undefined : settle(none('unreachable')))
      outgoing.on('response', (response) => {
        hasBegun = true
        readAnswer(response, settle)
      })
      outgoing.on('error', failed)
      outgoing.on('close', failed)
      outgoing.end(call.body)
    })
  }

  #request(call: CallToDecide, leftMs: number): ClientRequest {
    const { url } = call
    const options = { method: 'POST', headers: headersOf(call, leftMs) }
    return url.protocol === 'https:'
      ? httpsRequest(url, { ...options, ...tlsMaterial(this.#options.tls), agent: this.#https })
      : httpRequest(url, { ...options, agent: this.#http })
  }
}
