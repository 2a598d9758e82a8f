import { randomBytes } from 'node:crypto'
import type { Endpoint } from '#ingress/endpoints.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import { sortableIds } from '#local/event-ids.ts'

export interface DeclaredSecret {
  readonly id: string
  readonly value: string
  readonly since?: string
  readonly not_after?: string
}

/** An endpoint as the Secret holds it. */
export interface DeclaredEndpoint {
  readonly id: string
  readonly tenant_id: string
  readonly live_mode: boolean
  readonly secrets: readonly DeclaredSecret[]
}

export function newSecret(id: string): DeclaredSecret {
  return { id, value: `whsec_${randomBytes(24).toString('base64url')}` }
}

/** Endpoints of tenants in sandbox, and one that belongs to nobody, for the test after an install. */
export function newEndpoints(count: number): readonly DeclaredEndpoint[] {
  const endpointId = sortableIds('whk_', Date.now)
  const tenantId = sortableIds('tnt_', Date.now)
  const tenants = Array.from({ length: count }, () => ({
    id: endpointId(),
    tenant_id: tenantId(),
    live_mode: false,
    secrets: [newSecret('k1')],
  }))
  const own = { id: 'whk_test_cluster', tenant_id: 'tnt_test_cluster', live_mode: false }
  return [{ ...own, secrets: [newSecret('k1')] }, ...tenants]
}

/** The tenant that no load sends for: its events are sent one by one. */
export function spareOf(declared: readonly DeclaredEndpoint[]): DeclaredEndpoint {
  const spare = declared.at(-1)
  if (spare === undefined) throw new RangeError('no endpoint')
  return spare
}

/** The same endpoints for a sender, which signs with the newest secret of each. */
export function signing(declared: readonly DeclaredEndpoint[]): ReadonlyMap<string, Endpoint> {
  const parsed = parseEndpoints([{ endpoints: declared }])
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const real = [...parsed.endpoints.values()].filter(({ id }) => !id.startsWith('whk_test_'))
  return new Map(real.map((endpoint) => [endpoint.tenantId, endpoint]))
}
