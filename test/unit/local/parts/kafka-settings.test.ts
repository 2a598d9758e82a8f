import { expect, test } from 'vitest'
import { newClusterId } from '#local/parts/kafka.ts'
import { brokerProperties } from '#local/parts/kafka-settings.ts'

const places = [1, 2, 3].map((nodeId) => ({
  nodeId,
  port: 9000 + nodeId,
  controllerPort: 9100 + nodeId,
}))

test('every broker of a cluster knows all voters and listens on its own ports', () => {
  const shape = { places, replicationFactor: 3, minInsyncReplicas: 2 }
  const [, second = { nodeId: 0, port: 0, controllerPort: 0 }] = places
  const lines = brokerProperties(second, shape, '/data').split('\n')
  expect(lines).toContain('node.id=2')
  expect(lines).toContain(
    'controller.quorum.voters=1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103',
  )
  expect(lines).toContain('listeners=PLAINTEXT://127.0.0.1:9002,CONTROLLER://127.0.0.1:9102')
  expect(lines).toContain('min.insync.replicas=2')
  expect(lines).toContain('offsets.topic.replication.factor=3')
})

test("cluster ids have the shape that Kafka's tools take", () => {
  for (let tried = 0; tried < 200; tried += 1) {
    expect(newClusterId()).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/)
  }
})
