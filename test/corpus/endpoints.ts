import { randomBytes } from 'node:crypto'

/** The endpoints of the stage; all tenants differ. */
export const ENDPOINT_NAMES = [
  'sandbox',
  'other',
  'live',
  'rotated',
  'disabled',
  'removed',
  'deciding',
] as const
export type EndpointName = (typeof ENDPOINT_NAMES)[number]

/** As the endpoints file has it. */
export interface DeclaredEndpoint {
  readonly id: string
  readonly tenant_id: string
  readonly live_mode: boolean
  readonly enabled: boolean
  readonly removed: boolean
  readonly decision_url?: string
  readonly secrets: readonly { readonly id: string; readonly value: string }[]
}

/** A decision service that is not there. */
const NOBODY = 'http://127.0.0.1:9/decide'
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 26 characters as a ULID has them. */
export function ulid(): string {
  return [...randomBytes(26)].map((byte) => CROCKFORD.charAt(byte & 31)).join('')
}

function declared(name: EndpointName): DeclaredEndpoint {
  const secret = () => `whsec_canary_${randomBytes(18).toString('hex')}`
  const secrets = [{ id: 'k1', value: secret() }]
  if (name === 'rotated') secrets.push({ id: 'k2', value: secret() })
  return {
    id: `whk_${ulid()}`,
    tenant_id: `tnt_${ulid()}`,
    live_mode: name === 'live',
    enabled: name !== 'disabled',
    removed: name === 'removed',
    secrets,
    ...(name === 'deciding' && { decision_url: NOBODY }),
  }
}

export type Endpoints = Readonly<Record<EndpointName, DeclaredEndpoint>>

/** Endpoints with ids and secrets of this run. */
export function newEndpoints(): Endpoints {
  return Object.fromEntries(ENDPOINT_NAMES.map((name) => [name, declared(name)])) as Endpoints
}
