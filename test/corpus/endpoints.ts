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
  'expiring',
  'expired',
] as const
export type EndpointName = (typeof ENDPOINT_NAMES)[number]

interface DeclaredSecret {
  readonly id: string
  readonly value: string
  readonly not_after?: string
}

/** As the endpoints file has it. */
export interface DeclaredEndpoint {
  readonly id: string
  readonly tenant_id: string
  readonly live_mode: boolean
  readonly enabled: boolean
  readonly removed: boolean
  readonly decision_url?: string
  readonly secrets: readonly DeclaredSecret[]
}

/** A decision service that is not there. */
const NOBODY = 'http://127.0.0.1:9/decide'
const LONG_AGO = '2020-01-01T00:00:00Z'
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 26 characters as a ULID has them. */
export function ulid(): string {
  return [...randomBytes(26)].map((byte) => CROCKFORD.charAt(byte & 31)).join('')
}

function secretsOf(name: EndpointName): readonly DeclaredSecret[] {
  const secret = (id: string, ends = false) => ({
    id,
    value: `whsec_canary_${randomBytes(18).toString('hex')}`,
    ...(ends && { not_after: LONG_AGO }),
  })
  if (name === 'rotated') return [secret('k1'), secret('k2')]
  if (name === 'expiring') return [secret('k1', true), secret('k2')]
  return [secret('k1', name === 'expired')]
}

function declared(name: EndpointName): DeclaredEndpoint {
  return {
    id: `whk_${ulid()}`,
    tenant_id: `tnt_${ulid()}`,
    live_mode: name === 'live',
    enabled: name !== 'disabled',
    removed: name === 'removed',
    secrets: secretsOf(name),
    ...(name === 'deciding' && { decision_url: NOBODY }),
  }
}

export type Endpoints = Readonly<Record<EndpointName, DeclaredEndpoint>>

/** Endpoints with ids and secrets of this run. */
export function newEndpoints(): Endpoints {
  return Object.fromEntries(ENDPOINT_NAMES.map((name) => [name, declared(name)])) as Endpoints
}
