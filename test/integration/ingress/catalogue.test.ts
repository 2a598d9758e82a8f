import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../fixtures/eventually.ts'
import type { StageOptions } from './stage.ts'
import { IngressStage, sampleFor } from './stage.ts'

const soon = { withinMs: 30_000 }

async function staged(make: (options: StageOptions) => Promise<IngressStage>) {
  const stage = await make({})
  onTestFinished(() => stage.stop())
  return stage
}

describe('an ingress without a catalogue', () => {
  it('is not ready, answers 503, and recovers by itself once versions are registered', async () => {
    const stage = await staged((options) => IngressStage.bare(options))
    const answer = await stage.send(await sampleFor(stage.endpoint))
    expect(answer.status).toBe(503)
    expect(answer.body.error).toMatchObject({ code: 'catalogue_unavailable' })
    expect(stage.problems().join()).toContain('catalogue')
    await stage.register()
    await stage.ready()
    await stage.routes(3)
    expect((await stage.send(await sampleFor(stage.endpoint))).status).toBe(200)
  })
})

describe('a version that is registered while the ingress runs', () => {
  it('is set aside before, and routed after, with no restart', async () => {
    const stage = await staged((options) => IngressStage.set(options))
    const event = () =>
      sampleFor(stage.endpoint, undefined, undefined, { api_version: '2031-02-03' })
    // Until the catalogue is known to be fresh nothing is called unknown.
    await eventually(async () => {
      const { status, body } = await stage.send(await event())
      expect([202, 503]).toContain(status)
      return body.set_aside === 'unknown_version'
    }, soon)
    await stage.register(await stage.copyOfVersion('2026-05-19', '2031-02-03'))
    await stage.routes(4)
    const answer = await eventually(async () => {
      const reply = await stage.send(await event())
      return reply.status === 200 ? reply : null
    }, soon)
    expect(answer.at?.topic).toBe(stage.topic('card'))
  })
})
