import type { IncomingHttpHeaders } from 'node:http'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Coordinate } from '#core/outcome.ts'
import type { Endpoint } from '#ingress/endpoints.ts'
import { isUsable, signatureHeader } from '#ingress/signature.ts'
import type { EventBody } from './samples.ts'

/** What came back for one webhook. */
export type Answer =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** The body as text. */
      readonly body: string
      /** Where the record lies, when the ingress says so. */
      readonly at: Coordinate | null
      readonly tookMs: number
    }
  /** No answer: refused, reset, or silent for 15 s (then QairoPay would hang up too). */
  | { readonly kind: 'unanswered'; readonly reason: string; readonly tookMs: number }

export interface SenderOptions {
  /** Base URL of the ingress. */
  readonly ingressUrl: string
  readonly endpoints: Iterable<Endpoint>
  /** Open connections at most; 64 unless told. */
  readonly connections?: number
  readonly now?: () => number
}

/** Signs and posts as QairoPay does. */
export interface Sender {
  /**
   * Sends an event to the enabled endpoint of its tenant.
   *
   * @throws when no endpoint belongs to its `tenant_id`.
   */
  send(event: EventBody): Promise<Answer>
  /** Sends these very bytes to an endpoint. */
  sendBytes(endpoint: Endpoint, body: Uint8Array): Promise<Answer>
  /** Closes the kept connections. */
  close(): void
}

const GIVE_UP_MS = 15_000
const DEFAULT_CONNECTIONS = 64
const RECORD_HEADER = 'x-event-router-record'

/** Reads `topic/partition/offset`, or null when the header is missing or something else. */
export function recordCoordinate(header: string | undefined): Coordinate | null {
  const [, topic, partition, offset] = /^([^/]+)\/(\d+)\/(\d+)$/.exec(header ?? '') ?? []
  if (topic === undefined || partition === undefined || offset === undefined) return null
  return { topic, partition: Number(partition), offset }
}

function oneHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

interface Post {
  readonly url: URL
  readonly agent: HttpAgent
  readonly signature: string
  readonly body: Uint8Array
}

function post({ url, agent, signature, body }: Post): Promise<Answer> {
  const begun = performance.now()
  const tookMs = () => Math.round(performance.now() - begun)
  const ask = url.protocol === 'https:' ? httpsRequest : httpRequest
  const headers = {
    'content-type': 'application/json',
    'content-length': body.byteLength,
    'qairopay-signature': signature,
  }
  return new Promise((resolve) => {
    const lost = (error: NodeJS.ErrnoException) =>
      resolve({ kind: 'unanswered', reason: error.code ?? error.name, tookMs: tookMs() })
    const signal = AbortSignal.timeout(GIVE_UP_MS)
    const outgoing = ask(url, { method: 'POST', agent, headers, signal }, (response) => {
      const chunks: Buffer[] = []
      response.on('error', lost)
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          kind: 'answered',
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          at: recordCoordinate(oneHeader(response.headers, RECORD_HEADER)),
          tookMs: tookMs(),
        }),
      )
    })
    outgoing.on('error', lost)
    outgoing.end(body)
  })
}

/** The newest that is usable, as QairoPay would at the end of a rotation. */
function secretOf(endpoint: Endpoint, nowMs: number): string {
  const secret = endpoint.secrets.find((each) => isUsable(each, nowMs))
  return secret?.key.export().toString('utf8') ?? ''
}

/** The endpoint that QairoPay would use for a tenant: its first enabled one, or null. */
export function endpointOfTenant(endpoints: Iterable<Endpoint>, tenantId: string): Endpoint | null {
  for (const endpoint of endpoints) {
    if (endpoint.tenantId === tenantId && endpoint.state === 'enabled') return endpoint
  }
  return null
}

/** A sender for these endpoints; keeps its connections open until closed. */
export function createSender(options: SenderOptions): Sender {
  const { ingressUrl, connections = DEFAULT_CONNECTIONS, now = Date.now } = options
  const endpoints = [...options.endpoints]
  const base = ingressUrl.replace(/\/+$/, '')
  const pool = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections }
  const agent = base.startsWith('https:') ? new HttpsAgent(pool) : new HttpAgent(pool)
  const sendBytes = (endpoint: Endpoint, body: Uint8Array): Promise<Answer> => {
    const nowMs = now()
    const secret = secretOf(endpoint, nowMs)
    const signature = signatureHeader(secret, body, Math.floor(nowMs / 1000))
    return post({ url: new URL(`${base}/v1/hooks/${endpoint.id}`), agent, signature, body })
  }
  return {
    sendBytes,
    send: async (event) => {
      const endpoint = endpointOfTenant(endpoints, String(event.tenant_id))
      if (endpoint === null) throw new Error('no enabled endpoint belongs to the tenant')
      return await sendBytes(endpoint, Buffer.from(JSON.stringify(event)))
    },
    close: () => agent.destroy(),
  }
}
