import { describe, expect, it } from 'vitest'
import type { EndpointWish } from '#cli/doctor/test-event.ts'
import { chosenEndpoint, signingEntry, testEvent, testEventType } from '#cli/doctor/test-event.ts'
import { DOMAIN_CONSUMERS } from '#cli/domains.ts'
import { parseEnvelope } from '#core/envelope.ts'
import { domainOf, HANDLED_DOMAINS } from '#core/routing.ts'
import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import { endpointEntry } from '#ingress/endpoint-entry.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const PAST = '2026-05-01T00:00:00Z'
const WISH: EndpointWish = { id: null, realTenant: false, isLocal: false }

interface Given {
  readonly tenant?: string
  readonly live?: boolean
  readonly enabled?: boolean
  readonly ends?: readonly (string | null)[]
}

function entry(
  id: string,
  { tenant = 'tnt_01HZX', live = false, enabled = true, ends = [null] }: Given = {},
): EndpointEntry {
  const secrets = ends.map((not_after, i) => ({
    id: `k${i + 1}`,
    value: `secret ${i + 1}`,
    not_after,
  }))
  const found = endpointEntry({ id, tenant_id: tenant, live_mode: live, enabled, secrets })
  if (typeof found === 'string') throw new Error(found)
  return found
}

function choice(entries: readonly EndpointEntry[], wish: Partial<EndpointWish> = {}) {
  const byId = new Map(entries.map((each) => [each.id, each]))
  const chosen = chosenEndpoint(byId, { ...WISH, ...wish }, NOW)
  return chosen.ok ? chosen.entry.id : `${chosen.words}; ${chosen.remedy}`
}

const REAL = entry('whk_real', { live: true })
const OTHER = entry('whk_other')
const TEST = entry('whk_test', { tenant: 'tnt_test_1' })

describe('the endpoint of a test event', () => {
  it('is one of a tenant that was made up for tests', () => {
    expect(choice([REAL, TEST])).toBe('whk_test')
    expect(choice([REAL, TEST], { id: 'whk_test' })).toBe('whk_test')
  })

  it('is never one of a real tenant unless it is named and said to be meant', () => {
    expect(choice([REAL])).toMatch(/no enabled endpoint is meant for tests; .*tnt_test_1/)
    expect(choice([REAL, TEST], { id: 'whk_real' })).toMatch(
      /no tenant for tests; say --real-tenant/,
    )
    expect(choice([REAL], { realTenant: true })).toMatch(/no enabled endpoint is meant for tests/)
    expect(choice([REAL, TEST], { id: 'whk_real', realTenant: true })).toBe('whk_real')
  })

  it('is any of the local stack, best one in sandbox', () => {
    expect(choice([REAL, OTHER], { isLocal: true })).toBe('whk_other')
    expect(choice([REAL], { isLocal: true })).toBe('whk_real')
    expect(choice([REAL], { isLocal: true, id: 'whk_real' })).toBe('whk_real')
  })

  it.each([
    ['is not there', [TEST], 'whk_none', /there is no endpoint whk_none/],
    ['is disabled', [entry('whk_1', { enabled: false })], 'whk_1', /is disabled/],
    [
      'has only secrets that have ended',
      [entry('whk_1', { ends: [PAST] })],
      'whk_1',
      /no usable secret/,
    ],
  ])('is refused when it %s', (_, entries, id, says) => {
    expect(choice(entries, { id, realTenant: true })).toMatch(says)
  })
})

describe('the secret of a test event', () => {
  it('is the oldest that is usable, so that it never looks as if QairoPay had changed over', () => {
    const { secrets } = signingEntry(entry('whk_1', { ends: [PAST, null, null] }), NOW)
    expect(secrets.map(({ id }) => id)).toEqual(['k2'])
  })
})

describe.each(HANDLED_DOMAINS)('a test event for %s', (domain) => {
  const given = { id: 'evt_1', domain, endpoint: TEST, version: '2026-05-19', nowMs: NOW }
  const parsed = parseEnvelope(testEvent(given))

  it('is a whole event of its endpoint that names no resource', () => {
    expect(parsed).toMatchObject({
      ok: true,
      envelope: { tenantId: 'tnt_test_1', liveMode: false, createdMs: NOW, data: {} },
    })
  })

  it('comes to its consumer, which has no projection for it', () => {
    const type = testEventType(domain)
    expect(domainOf(type)).toBe(domain)
    expect(Object.keys(DOMAIN_CONSUMERS[domain].events)).not.toContain(type)
  })
})
