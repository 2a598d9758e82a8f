import { afterAll, beforeAll, expect, it } from 'vitest'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import type { KafkaCluster } from '../../../fixtures/kafka-cluster.ts'
import { startKafkaCluster } from '../../../fixtures/kafka-cluster.ts'
import type { TemporaryFolder } from '../../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts'

const LOOKS = 10
const log = createLogger({ service: 'test', level: 'silent' })
const topics = Array.from({ length: 10 }, (_, n) => `view.${n}`)

let folder: TemporaryFolder
let cluster: KafkaCluster

beforeAll(async () => {
  folder = await temporaryFolder('cluster-view')
  cluster = await startKafkaCluster(folder.path)
})
afterAll(async () => {
  await cluster?.stop()
  await folder?.remove()
})

it('sees every topic of a cluster of several brokers, each time it looks', async () => {
  const connection = {
    brokers: cluster.brokers.split(','),
    clientId: 'test',
    ssl: false,
    sasl: null,
  }
  const declared = topics.map((name) => {
    return { name, partitions: 12, replicationFactor: 1, settings: {} }
  })
  await ensureTopics(connection, declared, log)
  for (let look = 0; look < LOOKS; look += 1) {
    const ranges = await viewCluster(connection, log, (view) => view.ranges(topics))
    expect([...ranges.keys()]).toEqual(topics)
    expect([...ranges.values()].map((each) => each.length)).toEqual(topics.map(() => 12))
  }
})
