import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import type { CatalogueEntry } from '#core/catalogue.ts'
import { catalogueKey } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import { DOMAINS } from '#core/routing.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import type { ControlTail } from '#platform/kafka/control-tail.ts'
import { startControlTail } from '#platform/kafka/control-tail.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { writeCatalogue } from '#registrar/catalogue-writer.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { testHost } from '../../../fixtures/part-host.ts'
import { abandonedTailGroups } from '../../../fixtures/tail-groups.ts'
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts'

const log = createLogger({ service: 'test', level: 'silent' })

function connect(brokers: string): KafkaConnection {
  return { brokers: [brokers], clientId: 'control-tail-test', ssl: false, sasl: null }
}

function entry(version: string): CatalogueEntry {
  const domains = Object.fromEntries(
    DOMAINS.map((domain, i) => [domain, { subject: domain, schemaId: i + 1, schema: '{}' }]),
  )
  return {
    version: version as ApiVersion,
    state: 'active',
    domains: domains as CatalogueEntry['domains'],
  }
}

async function makeTopic(connection: KafkaConnection, name: string): Promise<void> {
  const settings = { 'cleanup.policy': 'compact' }
  await ensureTopics(connection, [{ name, partitions: 1, replicationFactor: 1, settings }], log)
}

async function write(connection: KafkaConnection, topic: string, version: string): Promise<void> {
  const writing = { connection, topic, log, withinMs: 20_000 }
  expect(await writeCatalogue(writing, [entry(version)])).toBeNull()
}

async function writeValue(
  connection: KafkaConnection,
  topic: string,
  version: string,
  value: string | null,
): Promise<void> {
  const producer = kafkaClient(connection, log, 2).producer()
  await producer.connect()
  const key = catalogueKey(version as ApiVersion)
  await producer.send({ topic, messages: [{ key, value }] })
  await producer.disconnect()
}

function follow(connection: KafkaConnection, topic: string, leaseMs?: number): ControlTail {
  const tail = startControlTail({
    connection,
    topic,
    log,
    ...(leaseMs === undefined ? {} : { leaseMs }),
  })
  onTestFinished(() => tail.stop())
  return tail
}

const versions = (tail: ControlTail): readonly string[] => [...tail.entries().keys()].sort()

describe('the control tail', () => {
  const connection = connect(inject('kafkaBrokers'))

  it('is loaded and holds the lease on an empty topic', async () => {
    await makeTopic(connection, 'tailempty.control')
    const tail = follow(connection, 'tailempty.control')
    expect(tail.problem()).not.toBeNull()
    await eventually(() => tail.leaseHeld(Date.now()), { withinMs: 10_000 })
    expect([tail.loaded(), tail.problem(), versions(tail)]).toEqual([true, null, []])
  })

  it('reads what is there and hears of a new version without being asked', async () => {
    await makeTopic(connection, 'tailnews.control')
    await write(connection, 'tailnews.control', '2026-02-01')
    const tail = follow(connection, 'tailnews.control')
    await eventually(() => tail.loaded(), { withinMs: 10_000 })
    expect(versions(tail)).toEqual(['2026-02-01'])
    let changes = 0
    tail.onChange(() => {
      changes += 1
    })
    await write(connection, 'tailnews.control', '2026-05-19')
    await eventually(() => versions(tail).includes('2026-05-19'), { withinMs: 20_000 })
    expect(changes).toBe(1)
  })

  it('waits for a topic that is made later', async () => {
    const tail = follow(connection, 'taillater.control')
    await eventually(() => tail.problem()?.includes('does not exist'), { withinMs: 10_000 })
    await makeTopic(connection, 'taillater.control')
    await eventually(() => tail.loaded(), { withinMs: 10_000 })
  })

  it('keeps the last good entry when a broken one comes, and forgets with a tombstone', async () => {
    const topic = 'tailbroken.control'
    await makeTopic(connection, topic)
    await write(connection, topic, '2026-05-19')
    const tail = follow(connection, topic)
    await writeValue(connection, topic, '2026-05-19', '{"broken":')
    await eventually(() => tail.brokenEntries() > 0, { withinMs: 10_000 })
    expect(versions(tail)).toEqual(['2026-05-19'])
    await writeValue(connection, topic, '2026-05-19', null)
    await eventually(() => versions(tail).length === 0, { withinMs: 20_000 })
  })

  it('leaves no consumer group behind', async () => {
    await makeTopic(connection, 'tailgroup.control')
    const tail = startControlTail({ connection, topic: 'tailgroup.control', log })
    await eventually(() => tail.leaseHeld(Date.now()), { withinMs: 20_000 })
    await tail.stop()
    const broker = inject('kafkaBrokers')
    await eventually(
      async () => (await abandonedTailGroups(broker, 'control-tail-test')).length === 0,
      {
        withinMs: 20_000,
      },
    )
  })
})

describe('the control tail of a broker that comes and goes', () => {
  it('starts without Kafka, loses the lease with it, keeps what it knows, and comes back', async () => {
    const folder = await temporaryFolder('control-tail')
    onTestFinished(() => folder.remove())
    const [port = 0, controllerPort = 0] = await freePorts(2)
    const options = {
      port,
      controllerPort,
      dataDir: join(folder.path, 'kafka'),
      logFile: join(folder.path, 'kafka.log'),
    }
    const connection = connect(`127.0.0.1:${port}`)
    const topic = 'tailaway.control'
    const tail = follow(connection, topic, 3000)
    await eventually(() => tail.problem()?.includes('cannot be reached'), { withinMs: 10_000 })
    let kafka = await startKafka(options, testHost())
    onTestFinished(async () => void (await kafka.stop()))
    await makeTopic(connection, topic)
    await write(connection, topic, '2026-02-01')
    await eventually(() => versions(tail).length === 1 && tail.leaseHeld(Date.now()), {
      withinMs: 15_000,
    })
    await kafka.kill()
    await eventually(() => !tail.leaseHeld(Date.now()), { withinMs: 10_000 })
    expect([tail.loaded(), versions(tail)]).toEqual([true, ['2026-02-01']])
    // No clock that is set back, by however much, brings it back.
    const backMs = Array.from({ length: 150 }, (_, n) => n * 100)
    const isRevived = () => backMs.some((ms) => tail.leaseHeld(Date.now() - ms))
    await eventually(() => !isRevived(), { withinMs: 2000 })
    kafka = await startKafka(options, testHost())
    await write(connection, topic, '2026-05-19')
    await eventually(() => versions(tail).length === 2 && tail.leaseHeld(Date.now()), {
      withinMs: 30_000,
    })
  })
})
