import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT_PARTITIONS } from '#core/routing.ts'
import { withAdmin } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { KafkaCluster } from '../../fixtures/kafka-cluster.ts'
import { startKafkaCluster } from '../../fixtures/kafka-cluster.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import type { HttpAnswer } from './stage.ts'
import { IngressStage, newEndpoint, sampleFor } from './stage.ts'

const BROKERS = 3
const DEADLINE_MS = 3000
const soon = { withinMs: 30_000 }
const log = createLogger({ service: 'test', level: 'silent' })
const TYPES = {
  card: 'card.transaction.authorized',
  settlement: 'settlement.completed',
  pass: 'pass.created',
  program: 'program.activated',
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

/** Partition by partition on one broker alone, in turn. */
async function createOnSingleBrokers(stage: IngressStage, topic: string): Promise<void> {
  const connection = { brokers: stage.brokers.split(','), clientId: 'test', ssl: false, sasl: null }
  const replicaAssignment = Array.from({ length: EVENT_PARTITIONS }, (_, partition) => ({
    partition,
    replicas: [(partition % BROKERS) + 1],
  }))
  await withAdmin(connection, log, async (admin) => {
    // kafkajs takes a broker that has not heard of it yet for a failure.
    await admin.createTopics({ topics: [{ topic, replicaAssignment }], waitForLeaders: false })
    await eventually(async () => (await admin.listTopics()).includes(topic), soon)
  })
}

let folder: TemporaryFolder
let cluster: KafkaCluster
let stage: IngressStage
const endpoints = Array.from({ length: 6 }, () => newEndpoint())

beforeAll(async () => {
  folder = await temporaryFolder('stuck-topic')
  cluster = await startKafkaCluster(folder.path, BROKERS)
  const settings = { RECORD_DEADLINE_MS: String(DEADLINE_MS) }
  stage = await IngressStage.bare({ brokers: cluster.brokers, endpoints, settings })
  await createOnSingleBrokers(stage, stage.topic('program'))
  await stage.register()
  await stage.ready()
  await stage.routes(3)
})

afterAll(async () => {
  await stage?.stop()
  await cluster?.stop()
  await folder?.remove()
})

async function send(domain: keyof typeof TYPES, n: number) {
  const endpoint = endpoints[n % endpoints.length] ?? stage.endpoint
  const body = await sampleFor(endpoint, TYPES[domain])
  const since = performance.now()
  const answer = await stage.send(body, endpoint)
  return { id: JSON.parse(body).id as string, answer, ms: performance.now() - since }
}

async function othersGoOn(rounds: number, beside: (round: number) => void) {
  const others: Awaited<ReturnType<typeof send>>[] = []
  for (let round = 0; round < rounds; round += 1) {
    beside(round)
    const both = [0, 1, 2, 3, 4, 5].flatMap((n) => [send('card', n), send('pass', n)])
    others.push(...(await Promise.all(both)))
  }
  expect(others.map(({ answer }) => answer.status)).toEqual(Array(12 * rounds).fill(200))
  expect(Math.max(...others.map(({ ms }) => ms))).toBeLessThan(DEADLINE_MS / 2)
  return others
}

async function expectNotDurable(sent: readonly ReturnType<typeof send>[]): Promise<void> {
  for (const { answer, ms } of await Promise.all(sent)) {
    expect([answer.status, codeOf(answer)]).toEqual([503, 'not_durable'])
    expect(ms).toBeLessThan(DEADLINE_MS + 1500)
  }
}

describe('a topic that Kafka cannot write', () => {
  it('for want of replicas costs its own events a 503 and no other event anything', async () => {
    await Promise.all([send('card', 0), send('settlement', 0), send('pass', 0)])

    await requireReplicas(stage, stage.topic('settlement'), 3)
    await cluster.nodes[2]?.stop()
    await eventually(async () => (await send('settlement', 0)).answer.status === 503, soon)
    await eventually(async () => (await send('card', 0)).answer.status === 200, soon)
    const stuck: ReturnType<typeof send>[] = []
    const others = await othersGoOn(20, (round) => {
      if (round < 10) for (let n = 0; n < 6; n += 1) stuck.push(send('settlement', n))
    })
    await expectNotDurable(stuck)
    const written = [...(await stage.records('card')), ...(await stage.records('pass'))]
    const ids = written.map(({ headers }) => headers.ce_id)
    expect(others.filter(({ id }) => !ids.includes(id))).toEqual([])
    expect(mostWrites(ids)).toBeLessThanOrEqual(5)
    expect(stage.problems()).toEqual([])
  })

  it('because one of its partitions has no leader costs nobody else anything either', async () => {
    // kafkajs takes the fault of one partition for that of its topic, so all of it waits.
    await eventually(async () => (await send('program', 0)).answer.status === 503, soon)
    expect(stage.logLines.join()).toContain('LEADER_NOT_AVAILABLE')
    await eventually(async () => (await send('card', 0)).answer.status === 200, soon)
    const stuck: ReturnType<typeof send>[] = []
    await othersGoOn(20, (round) => {
      if (round < 10) for (let n = 0; n < 6; n += 1) stuck.push(send('program', n))
    })
    await expectNotDurable(stuck)
    expect(stage.problems()).toEqual([])
  })

  it('is written again once its broker is back', async () => {
    await cluster.nodes[2]?.restart()
    for (const domain of ['settlement', 'program'] as const) {
      await eventually(async () => {
        const sent = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => send(domain, n)))
        return sent.every(({ answer }) => answer.status === 200)
      }, soon)
    }
  })
})
