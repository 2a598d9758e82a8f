import type { Agent, IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { RegistryAccess } from './registry-access.ts'
import type { RegistryAnswer, RegistryFailure } from './registry-answer.ts'
import { refusal } from './registry-answer.ts'

export interface RegistryRequest {
  readonly method: 'GET' | 'PUT' | 'POST'
  /** Below the base address, each part already encoded. */
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  /** What a good answer is: an object, unless said otherwise; the fields of a list are its places. */
  readonly answer?: 'list'
}

/** How a request travels. */
export interface RegistryTransport {
  readonly access: RegistryAccess
  /** Holds the bounds of each connection. */
  readonly agent: Agent
  /** From the first byte sent to the last one received. */
  readonly timeoutMs: number
  readonly maxBytes: number
}

type Fields = Readonly<Record<string, unknown>>

interface Reply {
  readonly status: number
  readonly text: string
}

class TooLarge extends Error {}

function headersOf({ authorization }: RegistryAccess): Record<string, string> {
  const type = 'application/vnd.schemaregistry.v1+json'
  const headers = { accept: `${type}, application/json`, 'content-type': type }
  return authorization === null ? headers : { ...headers, authorization }
}

/** The transport's own code (ECONNREFUSED, TimeoutError), never its message. */
function transportFailure(error: unknown, signal: AbortSignal): RegistryFailure {
  if (error instanceof TooLarge) return { kind: 'nonsense', reason: 'an answer that has no end' }
  if (signal.aborted) return { kind: 'unreachable', reason: 'TimeoutError' }
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  return { kind: 'unreachable', reason: String(code ?? name ?? 'error') }
}

async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += (chunk as Buffer).byteLength
    if (bytes > maxBytes) throw new TooLarge()
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function reply(
  { access, agent, maxBytes }: RegistryTransport,
  { method, path, body }: RegistryRequest,
  signal: AbortSignal,
): Promise<Reply> {
  const url = new URL(`${access.baseUrl}${path}`)
  const ask = url.protocol === 'https:' ? httpsRequest : httpRequest
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = ask(url, { method, agent, headers: headersOf(access), signal }, resolve)
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
  try {
    return { status: response.statusCode ?? 0, text: await textOf(response, maxBytes) }
  } finally {
    response.destroy()
  }
}

function fieldsOf(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Fields) : null
  } catch {
    return null
  }
}

function answerOf(
  { status, text }: Reply,
  wanted: 'object' | 'list',
): RegistryAnswer<Fields | null> {
  const fields = fieldsOf(text)
  if (status >= 200 && status < 300) {
    if (fields !== null && Array.isArray(fields) === (wanted === 'list')) {
      return { kind: 'ok', value: fields }
    }
    return { kind: 'nonsense', reason: `an answer that is no JSON ${wanted}` }
  }
  const isRegistryAnswer = typeof fields?.error_code === 'number'
  if (status === 404 && isRegistryAnswer) return { kind: 'ok', value: null }
  const message = fields?.message
  return refusal(status, typeof message === 'string' ? message : '')
}

/**
 * One request of Confluent's REST API, for what the library does not offer or does in the wrong
 * order. A 404 is `ok` with null: "no such subject, schema or level" is an answer. Redirects are
 * not followed: credentials go where the settings say.
 */
export async function registryRequest(
  transport: RegistryTransport,
  request: RegistryRequest,
): Promise<RegistryAnswer<Fields | null>> {
  const signal = AbortSignal.timeout(transport.timeoutMs)
  try {
    return answerOf(await reply(transport, request, signal), request.answer ?? 'object')
  } catch (error) {
    return transportFailure(error, signal)
  }
}
