import { setImmediate as turn } from 'node:timers/promises'
import type { EndpointId, TenantId } from '#core/ids.ts'
import { partitionOf } from '#core/murmur2.ts'
import type { Mode } from '#core/routing.ts'
import { EVENT_PARTITIONS, modeOf } from '#core/routing.ts'
import type { EndpointEntry, EndpointState, SecretEntry } from './endpoint-entry.ts'
import { endpointEntries } from './endpoint-entry.ts'
import type { SigningSecret } from './signature.ts'
import { signingKey } from './signature.ts'

/** One webhook endpoint, with all that can be worked out once instead of for every event. */
export interface Endpoint {
  readonly id: EndpointId
  readonly tenantId: TenantId
  readonly liveMode: boolean
  readonly mode: Mode
  readonly state: EndpointState
  /** The newest first, so that a webhook that two of them match is said to be of the newer. */
  readonly secrets: readonly SigningSecret[]
  /** The tenant's partition, since the key of every record is the tenant. */
  readonly partition: number
  /** CloudEvents `source`. */
  readonly source: string
  /** Who decides synchronous authorization requests (`decision_url`); null: they are answered 501. */
  readonly decisionUrl: URL | null
}

/** Whose events they are, with all that follows from it. */
export type EventOwner = Pick<Endpoint, 'tenantId' | 'liveMode' | 'mode' | 'partition' | 'source'>

export function eventOwner(tenant: TenantId, liveMode: boolean): EventOwner {
  const mode = modeOf(liveMode)
  const partition = partitionOf(new TextEncoder().encode(tenant), EVENT_PARTITIONS)
  return { tenantId: tenant, liveMode, mode, partition, source: `/qairopay/${mode}/${tenant}` }
}

export type EndpointSet = ReadonlyMap<string, Endpoint>

export type EndpointsResult =
  | { readonly ok: true; readonly endpoints: EndpointSet }
  | { readonly ok: false; readonly problems: readonly string[] }

/** By `since`; without one, or with the same one, what stands further down is newer. */
export function newestFirst<Secret extends Pick<SecretEntry, 'sinceMs'>>(
  secrets: readonly Secret[],
): readonly Secret[] {
  const sinceOf = ({ sinceMs }: Secret) => sinceMs ?? Number.MIN_SAFE_INTEGER
  return secrets.toReversed().sort((a, b) => sinceOf(b) - sinceOf(a))
}

/** An endpoint as the receiver needs it. */
function endpointOf(entry: EndpointEntry): Endpoint {
  const { id, tenantId, liveMode, state, secrets, decisionUrl } = entry
  return {
    id,
    ...eventOwner(tenantId, liveMode),
    state,
    secrets: newestFirst(secrets).map((secret) => ({
      id: secret.id,
      key: signingKey(secret.value),
      notAfterMs: secret.notAfterMs,
    })),
    decisionUrl: decisionUrl === null ? null : new URL(decisionUrl),
  }
}

/** Endpoints of one go; ten thousand take about 60 ms, in which webhooks would wait. */
const AT_ONCE = 500

/** The same for many, with the event loop free in between. */
export async function endpointSet(entries: Iterable<EndpointEntry>): Promise<EndpointSet> {
  const endpoints = new Map<string, Endpoint>()
  for (const entry of entries) {
    endpoints.set(entry.id, endpointOf(entry))
    if (endpoints.size % AT_ONCE === 0) await turn()
  }
  return endpoints
}

/** Reads `{"endpoints":[…]}` as parsed from one or several files, all of it in one go. */
export function parseEndpoints(contents: readonly unknown[]): EndpointsResult {
  const result = endpointEntries(
    contents.map((content, i) => ({ name: `document ${i + 1}`, content })),
  )
  if (!result.ok) return result
  const pairs = [...result.entries].map(([id, { entry }]) => [id, endpointOf(entry)] as const)
  return { ok: true, endpoints: new Map(pairs) }
}
