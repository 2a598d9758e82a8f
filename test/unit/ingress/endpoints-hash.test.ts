import { describe, expect, it } from 'vitest'
import { parseEndpoints } from '#ingress/endpoints.ts'
import { endpointsHash } from '#ingress/endpoints-hash.ts'

const FIRST = {
  id: 'whk_1',
  tenant_id: 'tnt_1',
  live_mode: false,
  enabled: true,
  secrets: [{ id: 'k1', value: 'topsecret' }],
}
const SECOND = { ...FIRST, id: 'whk_2', tenant_id: 'tnt_2' }

function hashOf(...endpoints: readonly object[]): number {
  const parsed = parseEndpoints([{ endpoints }])
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  return endpointsHash(parsed.endpoints)
}

describe('the hash of the endpoints', () => {
  it('is the same in whatever order they were read, and fits into a double', () => {
    expect(hashOf(FIRST, SECOND)).toBe(hashOf(SECOND, FIRST))
    expect(Number.isSafeInteger(hashOf(FIRST, SECOND))).toBe(true)
  })

  it.each([
    ['an endpoint', [FIRST]],
    ['a tenant', [FIRST, { ...SECOND, tenant_id: 'tnt_3' }]],
    ['a mode', [FIRST, { ...SECOND, live_mode: true }]],
    ['a state', [FIRST, { ...SECOND, enabled: false }]],
    ['a decision service', [FIRST, { ...SECOND, decision_url: 'https://decide.example/' }]],
    [
      'a further secret',
      [FIRST, { ...SECOND, secrets: [...SECOND.secrets, { id: 'k2', value: 'y' }] }],
    ],
    [
      'an end of a secret',
      [
        FIRST,
        { ...SECOND, secrets: [{ id: 'k1', value: 'x', not_after: '2030-01-01T00:00:00Z' }] },
      ],
    ],
  ])('is another one after a change of %s', (_, endpoints) => {
    expect(hashOf(...endpoints)).not.toBe(hashOf(FIRST, SECOND))
  })

  it('says nothing of the value of a secret', () => {
    const secrets = [{ id: 'k1', value: 'another' }]
    expect(hashOf(FIRST, { ...SECOND, secrets })).toBe(hashOf(FIRST, SECOND))
  })
})
