import { afterAll, beforeAll, expect, it } from 'vitest'
import { DOMAINS, MODES } from '#core/routing.ts'
import { readLog } from '../../fixtures/log-reader.ts'
import { IngressStage, newEndpoint, sampleFor, ulid } from './stage.ts'

const sandbox = newEndpoint()
const live = newEndpoint({ live_mode: true })
let stage: IngressStage

beforeAll(async () => {
  stage = await IngressStage.set({ endpoints: [sandbox, live] })
})

afterAll(async () => {
  await stage.stop()
})

async function crossings(mode: string): Promise<number> {
  const metric = await stage.metrics.getSingleMetric('ingress_mode_mismatches_total')?.get()
  return metric?.values.find(({ labels }) => labels.mode === mode)?.value ?? Number.NaN
}

const types = [
  'card.created',
  'pass.created',
  'settlement.completed',
  'payout.completed',
  'cardholder.kyc.completed',
  'program.activated',
]

it.each([
  ['a sandbox secret', sandbox, 'sandbox', 'live'],
  ['a live secret', live, 'live', 'sandbox'],
] as const)(
  'what %s signs for the other mode is seen nowhere in it',
  async (_what, own, mode, other) => {
    const before = [await crossings('sandbox'), await crossings('live')]
    const wrong = { live_mode: !own.live_mode }
    // Most often it says it is the other endpoint's: sandbox and live are separate tenants. Also
    // where nobody knows its version.
    const foreign = { ...wrong, tenant_id: (own === live ? sandbox : live).tenant_id }
    const odd: readonly Readonly<Record<string, unknown>>[] = [
      { ...wrong, api_version: '2031-01-01' },
      { ...wrong, type: 'refund.created' },
      foreign,
    ]
    const sent = [
      ...types.map((type) => [type, wrong] as const),
      ...odd.map((change) => ['card.created', change] as const),
    ]
    const ids: string[] = []
    for (const [sample, change] of sent) {
      const id = `evt_${ulid()}`
      ids.push(id)
      const body = await sampleFor(own, sample, undefined, { ...change, id })
      const answer = await stage.send(body, own)
      const code = (answer.body.error as { code?: string }).code
      expect([answer.status, code]).toEqual([403, 'mode_mismatch'])
      expect(answer.at?.topic).toBe(stage.topic('quarantine', mode))
    }
    const topics = MODES.flatMap((one) =>
      [...DOMAINS, 'quarantine' as const].map((domain) => stage.topic(domain, one)),
    )
    const records = await readLog({ brokers: stage.brokers, topics })
    for (const id of ids) {
      const holding = records.filter(({ headers, value }) => {
        return headers.ce_id === id || value?.includes(id) === true
      })
      expect(holding.map(({ topic }) => topic)).toEqual([stage.topic('quarantine', mode)])
      const [record] = holding
      expect(record?.key).toBe(own.tenant_id)
      const said = JSON.stringify([record?.key, record?.headers])
      expect(said).not.toContain(`/${other}/`)
      expect(record?.headers.endpoint_id).toBe(own.id)
      expect(record?.headers).not.toHaveProperty('ce_source')
    }
    const crossed = ids.length
    const after = [await crossings('sandbox'), await crossings('live')]
    expect(after).toEqual(before.map((count, i) => count + (MODES[1 - i] === mode ? crossed : 0)))
    const lines = stage.logLines.map((line) => JSON.parse(line))
    const alarms = lines.filter(
      ({ reason, mode: told }) => reason === 'mode_mismatch' && told === mode,
    )
    expect(alarms).toHaveLength(crossed)
    expect(alarms.every(({ level }) => level === 'error')).toBe(true)
  },
)
