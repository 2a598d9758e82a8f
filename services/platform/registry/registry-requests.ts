import type { RegistryAddress } from './registry-address.ts'
import type { RegistryAnswer } from './registry-answer.ts'
import { refusal } from './registry-answer.ts'

export interface RegistryRequest {
  readonly method: 'GET' | 'PUT' | 'POST'
  /** Below the base address, each part already encoded. */
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
}

type Fields = Readonly<Record<string, unknown>>

function headersOf({ credentials }: RegistryAddress): Record<string, string> {
  const type = 'application/vnd.schemaregistry.v1+json'
  const headers = { accept: `${type}, application/json`, 'content-type': type }
  if (credentials === null) return headers
  const pair = `${credentials.username}:${credentials.password}`
  return { ...headers, authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** The transport's own code (ECONNREFUSED, TimeoutError), never its message. */
function transportReason(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  const { code } = (error.cause ?? error) as { code?: unknown }
  return typeof code === 'string' ? code : error.name
}

function fieldsOf(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Fields) : null
  } catch {
    return null
  }
}

/**
 * One request of Confluent's REST API, for what the library does not offer or does in the wrong
 * order. A 404 is `ok` with null: "no such subject, schema or level" is an answer.
 */
export async function registryRequest(
  address: RegistryAddress,
  { method, path, body }: RegistryRequest,
  timeoutMs: number,
): Promise<RegistryAnswer<Fields | null>> {
  try {
    const response = await fetch(`${address.baseUrl}${path}`, {
      method,
      headers: headersOf(address),
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const fields = fieldsOf(await response.text())
    if (response.ok) {
      if (fields === null) return { kind: 'unreachable', reason: 'an answer that is no JSON' }
      return { kind: 'ok', value: fields }
    }
    const isRegistryAnswer = typeof fields?.error_code === 'number'
    if (response.status === 404 && isRegistryAnswer) return { kind: 'ok', value: null }
    return refusal(response.status, String(fields?.message ?? ''))
  } catch (error) {
    return { kind: 'unreachable', reason: transportReason(error) }
  }
}
