import { randomUUID } from 'node:crypto'
import type { Admin, Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { kafkaClient } from '#platform/kafka/connection.ts'
import type { StretchRecord } from '#platform/kafka/log-stretch.ts'
import { readStretches } from '#platform/kafka/log-stretch.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { abandonedTailGroups } from '../../../fixtures/tail-groups.ts'

const log = createLogger({ service: 'test', level: 'silent' })
const connection = {
  brokers: [inject('kafkaBrokers')],
  clientId: 'log-stretch-test',
  ssl: false,
  sasl: null,
}
const [topic, other] = [`stretch.${randomUUID()}`, `stretch.${randomUUID()}`]
const kafka = kafkaClient(connection, log, 5)

let admin: Admin
let producer: Producer

function messagesOf(partition: number, from: number) {
  return upTo(from, from + 20).map((i) => ({
    partition,
    value: `${partition}/${i} ${'x'.repeat(500)}`,
    timestamp: String(1_700_000_000_000 + i),
  }))
}

beforeAll(async () => {
  admin = kafka.admin()
  producer = kafka.producer({ allowAutoTopicCreation: false })
  await Promise.all([admin.connect(), producer.connect()])
  const topics = [topic, other].map((name) => ({ topic: name, numPartitions: 3 }))
  await admin.createTopics({ waitForLeaders: false, topics })
  for (const name of [topic, other]) {
    for (let from = 0; from < 200; from += 20) {
      const messages = [0, 1, 2].flatMap((partition) => messagesOf(partition, from))
      await eventually(() => producer.send({ topic: name, messages }), { withinMs: 20_000 })
    }
  }
})

afterAll(async () => {
  await Promise.all([admin.disconnect(), producer.disconnect()])
})

interface Heard {
  readonly place: string
  readonly record: StretchRecord
}

async function read(
  stretches: readonly (readonly [string, number, number, number])[],
  onHeard: (heard: readonly Heard[]) => void | Promise<void> = () => {},
  signal = new AbortController().signal,
) {
  const heard: Heard[] = []
  const end = await readStretches({
    connection,
    log,
    signal,
    // Less than there is, so that each stretch takes several fetches.
    bytesAtOnce: 20_000,
    stretches: stretches.map(([name, partition, from, to]) => ({
      topic: name,
      partition,
      from: BigInt(from),
      to: BigInt(to),
    })),
    onRecords: async (stretch, records) => {
      for (const record of records) {
        heard.push({ place: `${stretch.topic}/${stretch.partition}`, record })
      }
      await onHeard(heard)
    },
  })
  return { end, heard }
}

function offsetsAt(heard: readonly Heard[], name: string, partition: number): readonly number[] {
  return heard
    .filter(({ place }) => place === `${name}/${partition}`)
    .map(({ record }) => Number(record.offset))
}

function upTo(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

describe('a stretch', () => {
  it('is read from its first to before its last offset, in order, and nothing else is', async () => {
    const { end, heard } = await read([
      [topic, 1, 50, 151],
      [other, 0, 199, 200],
      [other, 2, 0, 3],
      [topic, 0, 7, 7],
    ])
    expect(end).toEqual({ kind: 'read' })
    expect(offsetsAt(heard, topic, 1)).toEqual(upTo(50, 151))
    expect(offsetsAt(heard, other, 0)).toEqual([199])
    expect(offsetsAt(heard, other, 2)).toEqual([0, 1, 2])
    expect(heard).toHaveLength(105)
  })

  it('carries the time that the topic keeps', async () => {
    const { heard } = await read([[topic, 2, 10, 11]])
    expect(heard.map(({ record }) => record.timestampMs)).toEqual([1_700_000_000_010])
  })

  it('that is empty asks nothing of Kafka', async () => {
    const { end } = await read([[topic, 0, 5, 5]])
    expect(end).toEqual({ kind: 'read' })
  })
})

describe('the reading', () => {
  it('ends when it is told to, but not before the records in hand are done', async () => {
    const stop = new AbortController()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    let isOver = false
    const reading = read(
      [[topic, 0, 0, 200]],
      async () => {
        stop.abort()
        await gate
      },
      stop.signal,
    ).finally(() => {
      isOver = true
    })
    // Longer than kafkajs is given to leave.
    await expect(eventually(() => isOver, { withinMs: 5000 })).rejects.toThrow()
    open()
    const { end, heard } = await reading
    expect(end).toEqual({ kind: 'stopped' })
    expect(heard.length).toBeLessThan(200)
  })

  it('ends with the error of whoever takes the records, which Kafka never sees', async () => {
    const error = new Error('not these')
    const { end } = await read([[topic, 0, 0, 200]], () => {
      throw error
    })
    expect(end).toEqual({ kind: 'handler_failed', error })
  })

  it('says that Kafka is away', async () => {
    const away = { ...connection, brokers: ['127.0.0.1:9'] }
    const end = await readStretches({
      connection: away,
      log,
      signal: new AbortController().signal,
      bytesAtOnce: 1000,
      stretches: [{ topic, partition: 0, from: 0n, to: 1n }],
      onRecords: () => {},
    })
    expect(end).toEqual({ kind: 'crashed' })
  })

  it('leaves no consumer group behind', async () => {
    await read([[topic, 0, 0, 1]])
    const broker = inject('kafkaBrokers')
    await eventually(
      async () => (await abandonedTailGroups(broker, 'log-stretch-test')).length === 0,
      {
        withinMs: 20_000,
      },
    )
  })
})
