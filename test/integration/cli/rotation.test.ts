import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../../fixtures/cli.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { IngressStage, newEndpoint } from '../ingress/stage.ts'

describe('a rotation with a running ingress', () => {
  const endpoint = newEndpoint()
  let stage: IngressStage

  beforeAll(async () => {
    stage = await IngressStage.set({
      endpoints: [endpoint],
      settings: { ENDPOINT_USAGE_INTERVAL_MS: '100' },
    })
  })

  afterAll(async () => {
    await stage.stop()
  })

  it('is followed by `send`, which signs with the newest secret, and is seen by `status`', async () => {
    const environment = {
      KAFKA_BROKERS: stage.brokers,
      TOPIC_PREFIX: stage.prefix,
      ENDPOINTS_FILE: stage.endpointsFile,
      INGRESS_URL: stage.url,
    }
    const run = (...args: readonly string[]) => runCli(args, { environment })
    expect((await run('endpoints', 'rotate', endpoint.id, '--no-print-secret')).code).toBe(0)
    const sample = ['--type', 'pass.installed', '--version', '2026-05-19']
    const sent = await run('send', ...sample, '--count', '3')
    expect([sent.code, sent.err]).toEqual([0, ''])
    await eventually(
      async () => {
        const { out } = await run('endpoints', 'status', '--json')
        const [newest, old] = JSON.parse(out).secrets
        return newest.id === 'k2' && newest.matched === 3 && old.matched === 0
      },
      { withinMs: 30_000 },
    )
    expect((await run('endpoints', 'retire', endpoint.id, '--secret', 'k1')).code).toBe(0)
    expect((await run('send', ...sample)).code).toBe(0)
  })
})
