import { describe, expect, it } from 'vitest'
import { endpointFindings } from '#cli/doctor/endpoints.ts'
import { foundEndpoints } from '#cli/found-endpoints.ts'
import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import { endpointEntry } from '#ingress/endpoint-entry.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')

function entry(id: string, ends: readonly (string | null)[], enabled = true): EndpointEntry {
  const secrets = ends.map((not_after, i) => ({ id: `k${i + 1}`, value: 'topsecret', not_after }))
  const found = endpointEntry({ id, tenant_id: 'tnt_1', live_mode: true, enabled, secrets })
  if (typeof found === 'string') throw new Error(found)
  return found
}

describe('endpoints', () => {
  it('are in order when each enabled one has a secret that lasts', () => {
    const entries = [
      entry('whk_1', ['2026-05-01T00:00:00Z', null]),
      entry('whk_2', ['2026-07-01T00:00:00Z']),
      entry('whk_3', [], false),
    ]
    expect(endpointFindings(foundEndpoints(entries), NOW)).toMatchObject([
      { grade: 'ok', words: '2 of 3 enabled, each with a usable secret' },
    ])
  })

  it.each([
    ['none that is enabled', [entry('whk_1', [null], false)], 'fault', /none of 1 is enabled/],
    ['none at all', [], 'fault', /none of 0 is enabled/],
    [
      'a secret that has ended',
      [entry('whk_1', ['2026-05-31T00:00:00Z'])],
      'fault',
      /without a usable secret: whk_1/,
    ],
    ['no secret', [entry('whk_1', [])], 'fault', /without a usable secret: whk_1/],
    [
      'a last secret that ends soon',
      [entry('whk_1', ['2026-05-01T00:00:00Z', '2026-06-10T08:30:00Z'])],
      'warning',
      /the first on 2026-06-10 08:30 UTC: whk_1/,
    ],
  ] as const)('are told with %s', (_, entries, grade, says) => {
    const findings = endpointFindings(foundEndpoints(entries), NOW)
    expect(findings).toMatchObject([{ grade, words: expect.stringMatching(says) }])
    expect(JSON.stringify(findings)).not.toContain('topsecret')
  })

  it('are told each in its own grade', () => {
    const entries = [entry('whk_1', []), entry('whk_2', ['2026-06-02T00:00:00Z'])]
    expect(endpointFindings(foundEndpoints(entries), NOW).map(({ grade }) => grade)).toEqual([
      'fault',
      'warning',
    ])
  })

  it('are told one by one when their rows cannot be used, beside those that can', () => {
    const problem = 'endpoint whk_2: secret k1 does not open'
    const row = {
      id: 'whk_2',
      problem,
      state: 'enabled',
      bare: null,
      opened: () => problem,
    } as const
    const found = foundEndpoints([entry('whk_1', [null])], [row])
    expect(endpointFindings(found, NOW)).toMatchObject([
      { grade: 'fault', words: problem },
      { grade: 'ok', words: '1 of 1 enabled, each with a usable secret' },
    ])
  })

  it('are counted, not listed, when they are many', () => {
    const entries = Array.from({ length: 40 }, (_, i) => entry(`whk_${i}`, []))
    expect(endpointFindings(foundEndpoints(entries), NOW)[0]?.words).toMatch(
      /whk_0, whk_1, whk_2 and 37 more$/,
    )
  })
})
