import kafkajs from 'kafkajs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { withAdmin } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { startKafkaCluster } from '../../fixtures/kafka-cluster.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import type { HttpAnswer } from './stage.ts'
import { IngressStage, newEndpoint, sampleFor } from './stage.ts'

const DEADLINE_MS = 3000
const soon = { withinMs: 30_000 }
const log = createLogger({ service: 'test', level: 'silent' })
const TYPES = {
  card: 'card.transaction.authorized',
  settlement: 'settlement.completed',
  pass: 'pass.created',
} as const

/** With fewer in sync, brokers answer `NOT_ENOUGH_REPLICAS` for this topic alone. */
async function requireReplicas(stage: IngressStage, topic: string, count: number): Promise<void> {
  const connection = { brokers: stage.brokers.split(','), clientId: 'test', ssl: false, sasl: null }
  const type = kafkajs.ConfigResourceTypes.TOPIC
  const configEntries = [{ name: 'min.insync.replicas', value: String(count) }]
  await withAdmin(connection, log, (admin) =>
    admin.alterConfigs({ validateOnly: false, resources: [{ type, name: topic, configEntries }] }),
  )
}

function codeOf({ body }: HttpAnswer): unknown {
  return (body.error as { code?: unknown } | undefined)?.code
}

/** Writes of the record that was written most often. */
function mostWrites(ids: readonly unknown[]): number {
  const counts = [...Map.groupBy(ids, (id) => id).values()].map(({ length }) => length)
  return Math.max(...counts)
}

describe('a topic that Kafka cannot write', () => {
  it('costs its own events a 503, no other event anything, and heals by itself', async () => {
    const folder = await temporaryFolder('stuck-topic')
    onTestFinished(() => folder.remove())
    const cluster = await startKafkaCluster(folder.path)
    onTestFinished(() => cluster.stop())
    const endpoints = Array.from({ length: 6 }, () => newEndpoint())
    const stage = await IngressStage.set({
      brokers: cluster.brokers,
      endpoints,
      settings: { RECORD_DEADLINE_MS: String(DEADLINE_MS) },
    })
    onTestFinished(() => stage.stop())
    const send = async (domain: keyof typeof TYPES, n: number) => {
      const endpoint = endpoints[n % endpoints.length] ?? stage.endpoint
      const body = await sampleFor(endpoint, TYPES[domain])
      const since = performance.now()
      const answer = await stage.send(body, endpoint)
      return { id: JSON.parse(body).id as string, answer, ms: performance.now() - since }
    }
    await Promise.all([send('card', 0), send('settlement', 0), send('pass', 0)])

    await requireReplicas(stage, stage.topic('settlement'), 3)
    await cluster.nodes[2]?.stop()
    await eventually(async () => (await send('settlement', 0)).answer.status === 503, soon)
    await eventually(async () => (await send('card', 0)).answer.status === 200, soon)
    const stuck: ReturnType<typeof send>[] = []
    const others: Awaited<ReturnType<typeof send>>[] = []
    for (let round = 0; round < 20; round += 1) {
      if (round < 10) for (let n = 0; n < 6; n += 1) stuck.push(send('settlement', n))
      const both = [0, 1, 2, 3, 4, 5].flatMap((n) => [send('card', n), send('pass', n)])
      others.push(...(await Promise.all(both)))
    }
    expect(others.map(({ answer }) => answer.status)).toEqual(Array(240).fill(200))
    expect(Math.max(...others.map(({ ms }) => ms))).toBeLessThan(DEADLINE_MS / 2)
    for (const { answer, ms } of await Promise.all(stuck)) {
      expect([answer.status, codeOf(answer)]).toEqual([503, 'not_durable'])
      expect(ms).toBeLessThan(DEADLINE_MS + 1500)
    }
    const written = [...(await stage.records('card')), ...(await stage.records('pass'))]
    const ids = written.map(({ headers }) => headers.ce_id)
    expect(others.filter(({ id }) => !ids.includes(id))).toEqual([])
    expect(mostWrites(ids)).toBeLessThanOrEqual(5)
    expect(stage.problems()).toEqual([])

    await requireReplicas(stage, stage.topic('settlement'), 2)
    await eventually(async () => {
      const sent = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => send('settlement', n)))
      return sent.every(({ answer }) => answer.status === 200)
    }, soon)
  })
})
