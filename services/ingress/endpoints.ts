import type { EndpointId, TenantId } from '#core/ids.ts'
import { endpointId, tenantId } from '#core/ids.ts'
import { partitionOf } from '#core/murmur2.ts'
import type { Mode } from '#core/routing.ts'
import { EVENT_PARTITIONS, modeOf } from '#core/routing.ts'
import { decisionUrl as decisionUrlOf } from './decision-url.ts'
import type { SigningSecret } from './signature.ts'
import { signingKey } from './signature.ts'

/** One webhook endpoint, with all that can be worked out once instead of for every event. */
export interface Endpoint {
  readonly id: EndpointId
  readonly tenantId: TenantId
  readonly liveMode: boolean
  readonly mode: Mode
  /** `disabled` may come back; `removed` never does. */
  readonly state: 'enabled' | 'disabled' | 'removed'
  readonly secrets: readonly SigningSecret[]
  /** The tenant's partition, since the key of every record is the tenant. */
  readonly partition: number
  /** CloudEvents `source`. */
  readonly source: string
  /** Who decides synchronous authorization requests (`decision_url`); null: they are answered 501. */
  readonly decisionUrl: URL | null
}

export type EndpointSet = ReadonlyMap<string, Endpoint>

export type EndpointsResult =
  | { readonly ok: true; readonly endpoints: EndpointSet }
  | { readonly ok: false; readonly problems: readonly string[] }

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Fields) : null
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}

function secretOf(value: unknown): SigningSecret | null {
  const fields = fieldsOf(value)
  if (fields === null) return null
  const id = text(fields, 'id')
  const secret = text(fields, 'value')
  return id === '' || secret === '' ? null : { id, key: signingKey(secret) }
}

function secretsOf(value: unknown): readonly SigningSecret[] | null {
  if (!Array.isArray(value)) return null
  const secrets = value.map(secretOf)
  return secrets.every((secret) => secret !== null) ? secrets : null
}

function stateOf(fields: Fields): Endpoint['state'] | null {
  const { enabled = true, removed = false } = fields
  if (typeof enabled !== 'boolean' || typeof removed !== 'boolean') return null
  if (removed) return 'removed'
  return enabled ? 'enabled' : 'disabled'
}

function endpointOf(value: unknown): Endpoint | string {
  const fields = fieldsOf(value)
  if (fields === null) return 'is no object'
  const id = endpointId(text(fields, 'id'))
  if (id === null) return 'needs an id that begins with whk_'
  const tenant = tenantId(text(fields, 'tenant_id'))
  if (tenant === null) return 'needs a tenant_id that begins with tnt_'
  const liveMode = fields.live_mode
  if (typeof liveMode !== 'boolean') return 'needs live_mode, true or false'
  const state = stateOf(fields)
  if (state === null) return 'has enabled or removed that is neither true nor false'
  const secrets = secretsOf(fields.secrets)
  if (secrets === null) return 'needs secrets, each with an id and a value'
  if (state === 'enabled' && secrets.length === 0) return 'is enabled and has no secret'
  const decisionUrl = decisionUrlOf(fields.decision_url)
  if (decisionUrl === undefined) return 'has a decision_url that is no plain http or https address'
  const mode = modeOf(liveMode)
  const partition = partitionOf(new TextEncoder().encode(tenant), EVENT_PARTITIONS)
  const source = `/qairopay/${mode}/${tenant}`
  const placed = { mode, state, secrets, partition, source, decisionUrl }
  return { id, tenantId: tenant, liveMode, ...placed }
}

/**
 * Reads `{"endpoints":[…]}` as parsed from one or several files. All problems are named at once,
 * by position; a set with any problem is refused whole.
 */
export function parseEndpoints(documents: readonly unknown[]): EndpointsResult {
  const endpoints = new Map<string, Endpoint>()
  const problems: string[] = []
  for (const [file, document] of documents.entries()) {
    const list = fieldsOf(document)?.endpoints
    if (!Array.isArray(list)) {
      problems.push(`document ${file + 1}: needs a list named endpoints`)
      continue
    }
    for (const [i, value] of list.entries()) {
      const endpoint = endpointOf(value)
      if (typeof endpoint === 'string') {
        problems.push(`document ${file + 1}, endpoint ${i + 1}: ${endpoint}`)
      } else if (endpoints.has(endpoint.id)) {
        problems.push(`document ${file + 1}, endpoint ${i + 1}: its id stands there twice`)
      } else {
        endpoints.set(endpoint.id, endpoint)
      }
    }
  }
  return problems.length === 0 ? { ok: true, endpoints } : { ok: false, problems }
}
