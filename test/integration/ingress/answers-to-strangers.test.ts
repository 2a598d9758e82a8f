import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import type { HttpAnswer } from './stage.ts'
import { IngressStage, newEndpoint, nowSeconds, post, sampleFor, ulid } from './stage.ts'

const sandbox = newEndpoint()
const live = newEndpoint({ live_mode: true })
const disabled = newEndpoint({ enabled: false })
const removed = newEndpoint({ removed: true })

let stage: IngressStage

beforeAll(async () => {
  stage = await IngressStage.set({ endpoints: [sandbox, live, disabled, removed] })
})

afterAll(async () => {
  await stage.stop()
})

function codeOf({ body }: HttpAnswer): unknown {
  return (body.error as { code?: unknown } | undefined)?.code
}

function sign(body: Uint8Array): string {
  return signatureHeader(sandbox.secrets[0]?.value ?? '', body, nowSeconds())
}

describe('a request that is not proven to come from QairoPay', () => {
  const body = Buffer.from('{}')

  it.each([
    ['no signature', {}],
    ['an empty one', { 'QairoPay-Signature': '' }],
    ['one without t', { 'QairoPay-Signature': `v1=${'0'.repeat(64)}` }],
    ['one with upper-case digits', { 'QairoPay-Signature': `t=1,v1=${'A'.repeat(64)}` }],
    ['two headers', { 'QairoPay-Signature': [sign(body), sign(body)] }],
    ['nine v1', { 'QairoPay-Signature': `t=1${`,v1=${'0'.repeat(64)}`.repeat(9)}` }],
  ])('with %s is answered 400 malformed_header', async (_name, headers) => {
    const answer = await stage.raw(body, sandbox.id, headers)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'malformed_header'])
  })

  it('with a wrong signature is answered 400 invalid_signature', async () => {
    const signature = signatureHeader('another secret', body, nowSeconds())
    const answer = await stage.raw(body, sandbox.id, { 'QairoPay-Signature': signature })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_signature'])
    expect(answer.body.error).toEqual({
      type: 'invalid_signature',
      code: 'invalid_signature',
      message: expect.any(String),
      request_id: expect.stringMatching(/^req_[0-9a-f]{32}$/),
    })
  })

  it("with another tenant's secret is answered 400", async () => {
    const text = await sampleFor(sandbox)
    const signature = signatureHeader(live.secrets[0]?.value ?? '', Buffer.from(text), nowSeconds())
    const answer = await stage.raw(Buffer.from(text), sandbox.id, {
      'QairoPay-Signature': signature,
    })
    expect(codeOf(answer)).toBe('invalid_signature')
  })

  it('for an endpoint that cannot be one of ours is answered 404', async () => {
    const answer = await stage.raw(body, 'whk_short', { 'QairoPay-Signature': sign(body) })
    expect([answer.status, codeOf(answer)]).toEqual([404, 'unknown_endpoint'])
  })

  it('for an endpoint that may be being set up is answered 503', async () => {
    const id = `whk_${ulid()}`
    const answer = await stage.raw(body, id, { 'QairoPay-Signature': sign(body) })
    expect([answer.status, codeOf(answer)]).toEqual([503, 'endpoint_unseen'])
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('for a disabled endpoint is answered 503, for a removed one 410', async () => {
    expect((await stage.send('{}', disabled)).status).toBe(503)
    expect((await stage.send('{}', removed)).status).toBe(410)
  })

  it('on another path or with another method is answered 404 or 405', async () => {
    const elsewhere = await post(`${stage.url}/v1/other`, body, {})
    expect([elsewhere.status, codeOf(elsewhere)]).toEqual([404, 'not_found'])
    const got = await post(`${stage.url}/v1/hooks/${sandbox.id}`, body, {}, 'GET')
    expect([got.status, codeOf(got)]).toEqual([405, 'method_not_allowed'])
    expect(got.headers.allow).toBe('POST')
    const odd = await post(`${stage.url}/v1/hooks/%zz`, body, {})
    expect(odd.status).toBe(400)
  })

  it('with a body above the limit is answered 413', async () => {
    const large = Buffer.alloc(1024 * 1024 + 1, 0x20)
    const answer = await stage.raw(large, sandbox.id, { 'QairoPay-Signature': sign(large) })
    expect([answer.status, codeOf(answer)]).toEqual([413, 'body_too_large'])
  })

  const tooLarge = Buffer.alloc(1024 * 1024 + 1)
  it.each([
    ['without a signature', body, sandbox.id, {}, 'malformed_header', 'known'],
    ['too large', tooLarge, sandbox.id, {}, 'body_too_large', 'known'],
    ['to a removed endpoint', body, removed.id, { v: 1 }, 'endpoint_removed', 'known'],
    ['without a signature, to a stranger', body, 'whk_x', {}, 'malformed_header', 'unknown'],
    ['too large, to a stranger', tooLarge, 'whk_x', {}, 'body_too_large', 'unknown'],
    ['to nobody', body, 'nobody', { v: 1 }, 'unknown_endpoint', 'unknown'],
    ['to an id beyond all length', body, 'x'.repeat(300), {}, 'unknown_endpoint', 'unknown'],
  ] as const)(
    '%s counts as destroyed, and whether the endpoint is ours',
    async (_what, sent, endpointId, signature, reason, destination) => {
      const counted = async () => {
        const metric = await stage.metrics.getSingleMetric('final_4xx_total')?.get()
        const values = metric?.values ?? []
        const total = values.reduce((sum, { value }) => sum + value, 0)
        const own = values.find(
          ({ labels }) => labels.reason === reason && labels.destination === destination,
        )
        return [own?.value ?? Number.NaN, total] as const
      }
      const [own, total] = await counted()
      const headers = 'v' in signature ? { 'QairoPay-Signature': sign(sent) } : {}
      await stage.raw(sent, endpointId, headers)
      expect(await counted()).toEqual([own + 1, total + 1])
    },
  )
})
