import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import { IngressStage, newEndpoint, nowSeconds, sampleFor, ulid } from './stage.ts'

const sandbox = newEndpoint()

let stage: IngressStage

beforeAll(async () => {
  stage = await IngressStage.set({ endpoints: [sandbox] })
})

afterAll(async () => {
  await stage.stop()
})

function sign(body: Uint8Array): string {
  return signatureHeader(sandbox.secrets[0]?.value ?? '', body, nowSeconds())
}

describe('what the log says', () => {
  it('never holds a secret, a signature or a word of a body', async () => {
    const canary = `canary-${ulid()}`
    const type = 'pass.created'
    const event = JSON.parse(await sampleFor(sandbox, type))
    event.data.pass.holder = { name: canary, email: `${canary}@example.com` }
    const good = Buffer.from(JSON.stringify(event))
    const signature = sign(good)
    await stage.raw(good, sandbox.id, { 'QairoPay-Signature': signature })
    await stage.send(`{"id":"evt_1","note":"${canary}"}`)
    await stage.send(`${canary}`)
    await stage.raw(Buffer.from(canary), sandbox.id, { 'QairoPay-Signature': `t=1,v1=${canary}` })
    await stage.raw(Buffer.from('{}'), `whk_${canary}`, { 'QairoPay-Signature': sign(good) })
    const log = stage.logLines.join('')
    const metrics = await stage.metrics.metrics()
    expect(log).toContain('webhook.received')
    const secrets = stage.endpoints.flatMap(({ secrets: own }) => own.map(({ value }) => value))
    for (const unsaid of [canary, signature.slice(-64), ...secrets]) {
      expect(log).not.toContain(unsaid)
      expect(metrics).not.toContain(unsaid)
    }
  })

  it('is one line for each request, with every identifier', async () => {
    const body = await sampleFor(sandbox)
    const answer = await stage.send(body)
    const { id } = JSON.parse(body)
    const lines = stage.logLines.map((line) => JSON.parse(line))
    const own = lines.filter((line) => line.event_id === id)
    expect(own).toHaveLength(1)
    expect(own[0]).toMatchObject({
      event: 'webhook.received',
      status: 200,
      outcome: 'stored',
      endpoint_id: sandbox.id,
      tenant_id: sandbox.tenant_id,
      mode: 'sandbox',
      event_type: 'card.transaction.authorized',
      api_version: '2026-05-19',
      secret_id: 'k1',
      ...answer.at,
    })
  })
})
