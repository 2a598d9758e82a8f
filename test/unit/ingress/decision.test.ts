import { describe, expect, it } from 'vitest'
import type { Envelope } from '#core/envelope.ts'
import { parseEnvelope } from '#core/envelope.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import type { VersionState } from '#core/versions.ts'
import type { DecisionInput } from '#ingress/decision.ts'
import { bindingFault, decide } from '#ingress/decision.ts'
import type { Endpoint } from '#ingress/endpoints.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import type { VersionRoutes } from '#ingress/routes.ts'
import { compileRoutes } from '#ingress/routes.ts'
import type { EventEncoder } from '#platform/avro/event-encoder.ts'

function endpointOf(liveMode: boolean): Endpoint {
  const secrets = [{ id: 'k1', value: 's' }]
  const entry = { id: 'whk_1', tenant_id: 'tnt_1', live_mode: liveMode, secrets }
  const result = parseEndpoints([{ endpoints: [entry] }])
  const endpoint = result.ok ? result.endpoints.get('whk_1') : undefined
  if (endpoint === undefined) throw new Error('no endpoint')
  return endpoint
}

function envelopeOf(changes: Readonly<Record<string, unknown>> = {}): Envelope {
  const result = parseEnvelope({
    id: 'evt_1',
    type: 'card.created',
    created: '2026-05-19T10:14:22.184Z',
    tenant_id: 'tnt_1',
    live_mode: false,
    api_version: '2026-05-19',
    data: {},
    ...changes,
  })
  if (!result.ok) throw new Error(result.fault.field)
  return result.envelope
}

const encoder: EventEncoder = {
  fieldNames: new Set(),
  encode: () => ({ ok: false, path: '', expected: '' }),
}

function tableOf(states: Readonly<Record<string, VersionState>>, missing: readonly Domain[] = []) {
  const empty = compileRoutes([], 'p', () => null)
  const encoders = Object.fromEntries(
    DOMAINS.map((domain) => [domain, missing.includes(domain) ? null : encoder]),
  ) as VersionRoutes['encoders']
  const versions = new Map(
    Object.entries(states).map(([version, state]) => [version, { state, encoders }]),
  )
  return { ...empty, versions }
}

function input(changes: Partial<DecisionInput> = {}): DecisionInput {
  return {
    endpoint: endpointOf(false),
    envelope: envelopeOf(),
    stale: false,
    staleSignature: 'quarantine',
    table: tableOf({ '2026-05-19': 'active' }),
    leaseHeld: true,
    ...changes,
  }
}

describe('the binding', () => {
  it('lets through what the endpoint says too', () => {
    expect(bindingFault(endpointOf(false), envelopeOf())).toBeNull()
  })

  it('names the mode before the tenant, which differs too whenever something crosses over', () => {
    const foreign = { tenant_id: 'tnt_2' }
    expect(bindingFault(endpointOf(false), envelopeOf(foreign))).toBe('tenant_mismatch')
    const crossing = envelopeOf({ ...foreign, live_mode: true })
    expect(bindingFault(endpointOf(false), crossing)).toBe('mode_mismatch')
    expect(bindingFault(endpointOf(true), envelopeOf())).toBe('mode_mismatch')
  })
})

describe('the decision', () => {
  it('routes by mode and domain', () => {
    expect(decide(input())).toEqual({
      kind: 'route',
      domain: 'card',
      topic: 'p.sandbox.card',
      encoder,
      retired: false,
    })
    const live = decide(input({ endpoint: endpointOf(true) }))
    expect(live).toMatchObject({ topic: 'p.live.card' })
    const unknown = decide(input({ envelope: envelopeOf({ type: 'refund.created' }) }))
    expect(unknown).toMatchObject({ topic: 'p.sandbox.other' })
  })

  it('routes a retired version and says so', () => {
    const table = tableOf({ '2026-05-19': 'retired' })
    expect(decide(input({ table }))).toMatchObject({ kind: 'route', retired: true })
  })

  it('sets an unknown version aside, but only while the catalogue is known to be fresh', () => {
    const table = tableOf({ '2026-02-01': 'active' })
    expect(decide(input({ table }))).toMatchObject({ reason: 'unknown_version' })
    expect(decide(input({ table, leaseHeld: false }))).toEqual({
      kind: 'refuse',
      code: 'catalogue_unavailable',
    })
  })

  it('routes an active version without the lease', () => {
    expect(decide(input({ leaseHeld: false }))).toMatchObject({ kind: 'route' })
  })

  it('asks to come back while a version is being released', () => {
    const table = tableOf({ '2026-05-19': 'draining' })
    expect(decide(input({ table }))).toEqual({ kind: 'refuse', code: 'version_draining' })
  })

  it('asks to come back before anything is registered', () => {
    expect(decide(input({ table: tableOf({}) }))).toEqual({
      kind: 'refuse',
      code: 'catalogue_unavailable',
    })
  })

  it('asks to come back when this release cannot compile the schema', () => {
    const table = tableOf({ '2026-05-19': 'active' }, ['card'])
    expect(decide(input({ table }))).toEqual({ kind: 'refuse', code: 'catalogue_unavailable' })
  })

  it('sets stale signatures aside, unless the policy accepts or rejects them', () => {
    expect(decide(input({ stale: true }))).toMatchObject({ reason: 'stale_signature' })
    expect(decide(input({ stale: true, staleSignature: 'reject' }))).toEqual({
      kind: 'refuse',
      code: 'timestamp_out_of_tolerance',
    })
    expect(decide(input({ stale: true, staleSignature: 'accept' }))).toMatchObject({
      kind: 'route',
    })
  })
})
