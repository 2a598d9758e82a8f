import { Agent } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import { IngressStage, nowSeconds, post, sampleFor } from './stage.ts'

const LANES = 20
const DRAIN_DELAY_MS = 3000
/** Since the stop began: a balancer has heard by then, so the delay covers it however slow we are. */
const BALANCER_HEARS_MS = DRAIN_DELAY_MS / 2

describe('a polite stop under load', () => {
  it('serves what still comes while it drains, resets nothing, and loses nothing acknowledged', async () => {
    const stage = await IngressStage.set({ settings: { DRAIN_DELAY_MS: String(DRAIN_DELAY_MS) } })
    onTestFinished(() => stage.stop())
    const agent = new Agent({ keepAlive: true, maxSockets: LANES })
    onTestFinished(() => agent.destroy())
    const { endpoint } = stage
    const acknowledged: string[] = []
    const failures: unknown[] = []
    let whileDraining = 0
    const draining = () => stage.problems().join().includes('is stopping')
    const one = async () => {
      const body = Buffer.from(await sampleFor(endpoint))
      const signature = signatureHeader(endpoint.secrets[0]?.value ?? '', body, nowSeconds())
      const headers = { 'QairoPay-Signature': signature }
      const url = `${stage.url}/v1/hooks/${endpoint.id}`
      const wasDraining = draining()
      try {
        const answer = await post(url, body, headers, 'POST', agent)
        if (answer.status === 200) acknowledged.push(JSON.parse(body.toString()).id)
        else failures.push(answer.status)
        if (wasDraining) {
          whileDraining += 1
          expect(answer.headers.connection).toBe('close')
        }
      } catch (error) {
        failures.push(error)
      }
    }
    // After the delay the listener is closed and refuses, so who counts requests instead of time
    // would come too late on a slow machine.
    let heardAt = Number.POSITIVE_INFINITY
    const lanes = Array.from({ length: LANES }, async () => {
      while (performance.now() < heardAt && failures.length === 0) await one()
    })
    while (acknowledged.length < 100 && failures.length === 0) await one()
    heardAt = performance.now() + BALANCER_HEARS_MS
    const stopped = stage.ingress.stop()
    await Promise.all([...lanes, stopped])
    expect(failures).toEqual([])
    expect(whileDraining).toBeGreaterThanOrEqual(LANES)
    const stored = (await stage.records('card')).map(({ headers }) => headers.ce_id)
    expect(acknowledged.filter((id) => !stored.includes(id))).toEqual([])
  })

  it('ends although a connection never finishes its request', async () => {
    const stage = await IngressStage.set({ settings: { DRAIN_DEADLINE_MS: '1000' } })
    onTestFinished(() => stage.stop())
    const agent = new Agent()
    onTestFinished(() => agent.destroy())
    const headers = { 'content-length': 10 }
    const half = post(`${stage.url}/v1/hooks/whk_x`, Buffer.from('{}'), headers, 'POST', agent)
    const cut = expect(half).rejects.toMatchObject({ code: 'ECONNRESET' })
    await stage.ingress.stop()
    await cut
  })
})
