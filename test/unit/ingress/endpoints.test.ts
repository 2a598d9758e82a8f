import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseEndpoints } from '#ingress/endpoints.ts'
import { parseSignatureHeader, signatureHeader, verify } from '#ingress/signature.ts'

const SECRET = 'whsec_topsecret'

const first = { id: 's1', value: SECRET }
const good = {
  id: 'whk_01HZX',
  tenant_id: 'tnt_01HZX',
  live_mode: true,
  secrets: [{ id: 's1', value: SECRET }],
}

function problemsOf(...documents: readonly unknown[]): readonly string[] {
  const result = parseEndpoints(documents)
  return result.ok ? [] : result.problems
}

function only(endpoint: object) {
  const result = parseEndpoints([{ endpoints: [endpoint] }])
  const [first] = result.ok ? result.endpoints.values() : []
  if (first === undefined) throw new Error('refused')
  return first
}

describe('an endpoint', () => {
  it('has all that can be worked out once instead of for every event', () => {
    expect(only(good)).toEqual({
      id: 'whk_01HZX',
      tenantId: 'tnt_01HZX',
      liveMode: true,
      mode: 'live',
      state: 'enabled',
      secrets: [{ id: 's1', key: expect.anything(), notAfterMs: null }],
      partition: expect.any(Number),
      source: '/qairopay/live/tnt_01HZX',
      decisionUrl: null,
    })
    expect(only({ ...good, live_mode: false })).toMatchObject({
      mode: 'sandbox',
      source: '/qairopay/sandbox/tnt_01HZX',
    })
  })

  it('lies in the partition that the Java client chooses for its tenant', () => {
    const file = new URL('../../vectors/murmur2.json', import.meta.url)
    const vectors = JSON.parse(readFileSync(file, 'utf8')) as { key: string; partition12: number }[]
    const tenants = vectors.filter(({ key }) => /^tnt_[!-~]+$/.test(key))
    expect(tenants.length).toBeGreaterThan(2)
    for (const { key, partition12 } of tenants) {
      expect(only({ ...good, tenant_id: key }).partition).toBe(partition12)
    }
  })

  it('verifies with the secret that the file holds', () => {
    const body = Buffer.from('{}')
    const header = parseSignatureHeader(signatureHeader(SECRET, body, 5))
    if (header === null) throw new Error('malformed')
    expect(verify(header, body, only(good).secrets, 5, 300)).toMatchObject({ secretId: 's1' })
  })

  it('is enabled unless it says otherwise; removed is for good', () => {
    expect(only({ ...good, enabled: true, removed: false }).state).toBe('enabled')
    expect(only({ ...good, enabled: false }).state).toBe('disabled')
    expect(only({ ...good, removed: true }).state).toBe('removed')
    expect(only({ ...good, enabled: true, removed: true }).state).toBe('removed')
  })

  it('may have no secret at all, since the last one may have been taken away in a hurry', () => {
    expect(only({ ...good, secrets: [] }).secrets).toEqual([])
    expect(only({ ...good, secrets: [], removed: true }).secrets).toEqual([])
  })

  it('tries its newest secret first: by its since, then by its place', () => {
    const since = (day: number) => `2026-05-0${day}T00:00:00Z`
    const secrets = [
      { id: 'second', value: 'x', since: since(2) },
      { id: 'first', value: 'x', since: since(1) },
      { id: 'unknown', value: 'x' },
      { id: 'later', value: 'x' },
      { id: 'third', value: 'x', since: since(3) },
    ]
    expect(only({ ...good, secrets }).secrets.map(({ id }) => id)).toEqual([
      ...['third', 'second', 'first', 'later', 'unknown'],
    ])
  })

  it('has secrets that end at their not_after, whatever its zone', () => {
    const secrets = [{ id: 's1', value: 'x', not_after: '2026-05-19T10:00:00.5+02:00' }]
    const endMs = Date.parse('2026-05-19T08:00:00.500Z')
    expect(only({ ...good, secrets }).secrets[0]?.notAfterMs).toBe(endMs)
  })

  it('may name a service that decides synchronous authorization requests', () => {
    const decision_url = 'https://decide.internal:8443/v1/authorizations?site=1'
    expect(only({ ...good, decision_url }).decisionUrl?.href).toBe(decision_url)
    expect(only({ ...good, decision_url: null }).decisionUrl).toBeNull()
  })

  it('shows no secret when it is printed', () => {
    expect(JSON.stringify(only(good))).not.toContain(SECRET)
  })
})

describe('the problems of a set of endpoints', () => {
  it.each([
    ['no object', 7],
    ['a list', []],
    ['null', null],
    ['without an id', { ...good, id: undefined }],
    ['with the id of something else', { ...good, id: 'evt_1' }],
    ['without a tenant', { ...good, tenant_id: 'acme' }],
    ['without a mode', { ...good, live_mode: undefined }],
    ['with a mode in words', { ...good, live_mode: 'true' }],
    ['with a state in words', { ...good, enabled: 'no' }],
    ['removed by a number', { ...good, removed: 1 }],
    ['without secrets', { ...good, secrets: undefined }],
    ['with a bare secret', { ...good, secrets: [SECRET] }],
    ['with a secret outside a list', { ...good, secrets: { id: 's1', value: SECRET } }],
    ['with a secret without a name', { ...good, secrets: [{ value: SECRET }] }],
    ['with an empty secret', { ...good, secrets: [{ id: 's1', value: '' }] }],
    ['with a decision_url that is no address', { ...good, decision_url: 'decide' }],
    ['with a decision_url that is a list', { ...good, decision_url: ['http://127.0.0.1'] }],
    ['with a decision_url of another scheme', { ...good, decision_url: 'file:///etc/passwd' }],
    ['with a decision_url with a password', { ...good, decision_url: `http://a:${SECRET}@host/` }],
    ['with a decision_url with a fragment', { ...good, decision_url: 'http://host/#x' }],
    [
      'with a secret that ends on a day',
      { ...good, secrets: [{ ...first, not_after: '2026-05-19' }] },
    ],
    ['with a secret that ends at no time', { ...good, secrets: [{ ...first, not_after: 7 }] }],
    ['with a secret since no time', { ...good, secrets: [{ ...first, since: 'May' }] }],
    ['with two secrets of one id', { ...good, secrets: [first, first] }],
    ['with a secret that is a number', { ...good, secrets: [{ id: 's1', value: 12_345 }] }],
  ])('name the place of an endpoint that is %s', (_what, endpoint) => {
    const problems = problemsOf({ endpoints: [] }, { endpoints: [good, endpoint] })
    expect(problems).toEqual([expect.stringMatching(/^document 2, endpoint 2: [a-z]/)])
  })

  it('name every place at once, and an id that stands there twice', () => {
    const problems = problemsOf(
      { endpoints: [7, good, { ...good, id: 'whk_2', live_mode: 1 }] },
      'x',
      { endpoints: [{ ...good, enabled: false }] },
    )
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      ...['document 1, endpoint 1', 'document 1, endpoint 3', 'document 2'],
      'document 3, endpoint 1',
    ])
    expect(problems[3]).toMatch(/twice/)
  })

  it('may stand in two files while it moves from one to the other, but not twice in one', () => {
    const both = parseEndpoints([{ endpoints: [good] }, { endpoints: [good] }])
    expect(both.ok && [...both.endpoints.keys()]).toEqual([good.id])
    expect(problemsOf({ endpoints: [good, good] })).toEqual([expect.stringMatching(/twice/)])
  })

  it.each([null, 7, 'x', [], [good], {}, { endpoints: {} }, { endpoints: null }, { endpoint: [] }])(
    'name a document that is %j',
    (document) => {
      expect(problemsOf(document)).toEqual(['document 1: needs a list named endpoints'])
    },
  )

  it('refuse a set whole, so that no endpoint vanishes because of another one', () => {
    expect(parseEndpoints([{ endpoints: [good, 7] }])).not.toHaveProperty('endpoints')
  })

  it('never repeat anything of a file, which holds secrets', () => {
    const value = fc.oneof(fc.constant(SECRET), fc.jsonValue(), fc.constant([SECRET]))
    const names = ['id', 'tenant_id', 'live_mode', 'enabled', 'removed', 'secrets', SECRET]
    const broken = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 2 })
    const endpoint = fc.oneof(
      broken.map((changes) => ({ ...good, ...changes })),
      value,
    )
    fc.assert(
      fc.property(fc.array(endpoint), (endpoints) => {
        const problems = problemsOf({ endpoints: [SECRET, ...endpoints, good, good] })
        expect(problems.length).toBeGreaterThan(1)
        expect(problems.join()).not.toContain(SECRET)
      }),
    )
  })

  it('are none for a list without endpoints, which somebody wrote on purpose', () => {
    expect(parseEndpoints([{ endpoints: [] }])).toEqual({ ok: true, endpoints: new Map() })
  })
})
