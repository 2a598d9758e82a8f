import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunningKafka } from '#local/parts/kafka.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { startGroupConsumer } from '#platform/kafka/group-consumer.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { testHost } from '../../fixtures/part-host.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const log = createLogger({ service: 'test', level: 'silent' })
const soon = { withinMs: 60_000 }
const topic = 'away'

let folder: TemporaryFolder
let kafka: RunningKafka
let options: Parameters<typeof startKafka>[0]

beforeEach(async () => {
  folder = await temporaryFolder('kafka-away')
  const [port = 0, controllerPort = 0] = await freePorts(2)
  const dataDir = join(folder.path, 'kafka')
  options = { dataDir, logFile: join(folder.path, 'kafka.log'), port, controllerPort }
  kafka = await startKafka(options, testHost())
})

afterEach(async () => {
  await kafka.stop()
  await folder.remove()
})

function client() {
  const connection = { brokers: [kafka.brokers], clientId: 'test', ssl: false, sasl: null }
  return { connection, kafka: kafkaClient(connection, log, 5) }
}

async function send(values: readonly string[]): Promise<void> {
  const producer = client().kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) })
  await producer.disconnect()
}

describe('a consumer whose Kafka was killed', () => {
  it('waits, says so, and goes on by itself where it was', async () => {
    const admin = client().kafka.admin()
    await admin.connect()
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
    await admin.disconnect()
    const seen: string[] = []
    const fatal: unknown[] = []
    let rebuilds = 0
    const consumer = startGroupConsumer({
      connection: client().connection,
      groupId: 'away.group',
      topic,
      log,
      handler: async (batch, lease) => {
        for (const { value } of batch.records) seen.push(String(value))
        await lease.done(batch.endOffset)
      },
      onRebuild: () => {
        rebuilds += 1
      },
      onFatal: (error) => fatal.push(error),
    })
    try {
      await send(['a', 'b'])
      await eventually(() => seen.length === 2 && consumer.problem() === null, soon)
      for (const round of ['c', 'd']) {
        await kafka.kill()
        await eventually(() => consumer.problem() !== null, soon)
        kafka = await startKafka(options, testHost())
        await send([round])
        await eventually(() => seen.at(-1) === round && consumer.problem() === null, soon)
      }
      expect([...new Set(seen)]).toEqual(['a', 'b', 'c', 'd'])
      expect(rebuilds).toBeGreaterThan(0)
      expect(fatal).toEqual([])
    } finally {
      await consumer.stop()
    }
  })

  it('replaces a consumer whose broker is frozen', async () => {
    const admin = client().kafka.admin()
    await admin.connect()
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
    await admin.disconnect()
    const seen: string[] = []
    const causes: string[] = []
    const consumer = startGroupConsumer({
      connection: client().connection,
      groupId: 'frozen.group',
      topic,
      log,
      handler: async (batch, lease) => {
        for (const { value } of batch.records) seen.push(String(value))
        await lease.done(batch.endOffset)
      },
      onRebuild: (cause) => causes.push(cause),
      onFatal: (error) => {
        throw error
      },
    })
    try {
      await send(['a'])
      await eventually(() => seen.length === 1 && consumer.problem() === null, soon)
      process.kill(kafka.pid, 'SIGSTOP')
      await eventually(() => consumer.problem() !== null, soon)
      await eventually(() => causes.length > 0, soon)
      process.kill(kafka.pid, 'SIGCONT')
      await eventually(async () => {
        await send(['b'])
        return true
      }, soon)
      await eventually(() => seen.includes('b') && consumer.problem() === null, soon)
    } finally {
      process.kill(kafka.pid, 'SIGCONT')
      await consumer.stop()
    }
  })
})
