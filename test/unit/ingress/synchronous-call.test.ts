import { describe, expect, it } from 'vitest'
import { parseEndpoints } from '#ingress/endpoints.ts'
import { callAdmission, SYNCHRONOUS_CALL, synchronousCall } from '#ingress/synchronous-call.ts'

const type = SYNCHRONOUS_CALL

function endpointOf(changes: Readonly<Record<string, unknown>> = {}) {
  const decision_url = 'http://127.0.0.1:1/decide'
  const secrets = [{ id: 'k1', value: 's' }]
  const entry = { id: 'whk_1', tenant_id: 'tnt_1', live_mode: false, secrets, decision_url }
  const result = parseEndpoints([{ endpoints: [{ ...entry, ...changes }] }])
  const [endpoint] = result.ok ? result.endpoints.values() : []
  if (endpoint === undefined) throw new Error('no endpoint')
  return endpoint
}

function admissionOf(body: object, stale = false, endpoint = endpointOf()) {
  const call = synchronousCall({ type, ...body })
  if (call === null) throw new Error('no call')
  return callAdmission(endpoint, call, stale)
}

describe('a synchronous call', () => {
  it('is known by its top-level type alone, whatever else its body holds', () => {
    for (const rest of [{}, { amount: 1 }, { data: 'x' }, { id: 7, created: null }]) {
      expect(synchronousCall({ type, ...rest })).not.toBeNull()
    }
  })

  it.each([
    null,
    7,
    type,
    [],
    [{ type }],
    {},
    { type: 'card.transaction.authorized' },
    { type: [type] },
    { type: `${type} ` },
    { data: { type } },
    JSON.parse(`{"__proto__":{"type":"${type}"}}`),
    Object.create({ type }),
  ])('is not %j', (body) => {
    expect(synchronousCall(body)).toBeNull()
  })
})

describe('the admission of a call', () => {
  it('lets it through to the service of its endpoint', () => {
    const url = endpointOf().decisionUrl
    expect(admissionOf({})).toEqual({ kind: 'ask', url })
    expect(admissionOf({ tenant_id: 'tnt_1', live_mode: false })).toEqual({ kind: 'ask', url })
  })

  it.each([
    [{ tenant_id: 'tnt_2' }, 'tenant_mismatch'],
    [{ tenant_id: null }, 'tenant_mismatch'],
    [{ tenant_id: ['tnt_1'] }, 'tenant_mismatch'],
    [{ live_mode: true }, 'mode_mismatch'],
    [{ live_mode: 'false' }, 'mode_mismatch'],
    [{ live_mode: 0 }, 'mode_mismatch'],
    [{ tenant_id: 'tnt_2', live_mode: true }, 'mode_mismatch'],
  ] as const)('refuses %j, which is not the endpoint\u2019s', (body, mismatch) => {
    const refused = { kind: 'refuse', code: 'call_mismatch', mismatch }
    expect(admissionOf(body)).toEqual(refused)
    expect(admissionOf(body, true, endpointOf({ decision_url: null }))).toEqual(refused)
  })

  it('refuses it where nobody decides, and when it is old', () => {
    const nobody = endpointOf({ decision_url: null })
    const refused = { kind: 'refuse', mismatch: null }
    expect(admissionOf({}, false, nobody)).toEqual({ ...refused, code: 'synchronous_call' })
    expect(admissionOf({}, true)).toEqual({ ...refused, code: 'timestamp_out_of_tolerance' })
  })
})
