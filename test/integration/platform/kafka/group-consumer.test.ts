import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import type { Watch } from '#platform/kafka/consumer-life.ts'
import type { BatchLease, FetchedBatch } from '#platform/kafka/fetched-batch.ts'
import type { GroupConsumer } from '#platform/kafka/group-consumer.ts'
import { startGroupConsumer } from '#platform/kafka/group-consumer.ts'
import { ensureTopics, withAdmin } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import type { KafkaGate } from '../../../fixtures/kafka-gate.ts'
import { API, gateToKafka } from '../../../fixtures/kafka-gate.ts'
import { writeAborted, writeRecords } from '../../../fixtures/log-writer.ts'

type Handler = (batch: FetchedBatch, lease: BatchLease) => Promise<void>

interface Member {
  readonly consumer: GroupConsumer
  /** Values that were handled to their end. */
  readonly seen: string[]
  /** Of consumers that had joined; a coordinator that is not there yet is nobody's fault. */
  readonly rebuilds: string[]
  readonly fatal: unknown[]
}

const log = createLogger({ service: 'test', level: 'silent' })
const brokers = inject('kafkaBrokers')
const soon = { withinMs: 60_000 }
const never: Watch = { silenceMs: 600_000, standstillMs: 600_000 }

let topic: string

const connectionTo = (address: string) => ({
  brokers: [address],
  clientId: 'group-consumer-test',
  ssl: false,
  sasl: null,
})
const valuesOf = ({ records }: FetchedBatch) => records.map(({ value }) => String(value))
const group = () => `${topic}.group`

async function makeTopic(partitions: number): Promise<void> {
  const declared = { name: topic, partitions, replicationFactor: 1, settings: {} }
  await ensureTopics(connectionTo(brokers), [declared], log)
}

async function write(...values: string[]): Promise<void> {
  await writeRecords(
    brokers,
    topic,
    1,
    values.map((value) => ({ key: 'key', value })),
  )
}

/** @param before what is done with a batch first; what it throws leaves the batch undone */
function join(before: Handler, address = brokers, watch: Watch = never): Member {
  const seen: string[] = []
  const rebuilds: string[] = []
  const fatal: unknown[] = []
  const consumer = startGroupConsumer({
    connection: connectionTo(address),
    groupId: group(),
    topic,
    log,
    watch,
    handler: async (batch, lease) => {
      await before(batch, lease)
      await lease.done(batch.endOffset)
      seen.push(...valuesOf(batch))
    },
    onRebuild: (cause) => {
      if (cause !== 'unreachable') rebuilds.push(cause)
    },
    onFatal: (error) => fatal.push(error),
  })
  onTestFinished(() => consumer.stop())
  return { consumer, seen, rebuilds, fatal }
}

async function gateFor(): Promise<KafkaGate> {
  const gate = await gateToKafka(brokers)
  onTestFinished(() => gate.close())
  return gate
}

beforeEach(() => {
  topic = `group-consumer.${randomUUID()}`
})

describe('a handler that throws', () => {
  it.each([
    ['a TypeError once', TypeError, 1],
    ['a RangeError once', RangeError, 1],
    // More often than kafkajs would bear it.
    ['any error thrice', Error, 3],
  ])('%s is given the batch again, in the life of the same consumer', async (_, Fault, times) => {
    await makeTopic(1)
    await write('a', 'b')
    const tries: string[] = []
    const generations = new Set<number>()
    const member = join(async (batch, lease) => {
      tries.push(valuesOf(batch).join())
      generations.add(lease.generation)
      if (tries.length <= times) throw new Fault('thrown by a handler')
    })
    await eventually(() => member.seen.length === 2, soon)
    await write('c')
    await eventually(() => member.seen.length === 3, soon)
    expect(tries).toEqual([...Array(times + 1).fill('a,b'), 'c'])
    expect(member.consumer.problem()).toBeNull()
    expect([member.rebuilds, member.fatal, generations.size]).toEqual([[], [], 1])
  })
})

describe('where a group begins', () => {
  it('is with the first record, when it was never there before', async () => {
    await makeTopic(1)
    await write('a', 'b')
    const member = join(async () => {})
    await eventually(() => member.seen.length > 0, soon)
    expect(member.seen).toEqual(['a', 'b'])
  })

  it('is with the first record, not behind the last, when its offset does not exist', async () => {
    await makeTopic(1)
    await write('a', 'b')
    await withAdmin(connectionTo(brokers), log, (admin) =>
      admin.setOffsets({ groupId: group(), topic, partitions: [{ partition: 0, offset: '777' }] }),
    )
    const member = join(async () => {})
    await eventually(() => member.consumer.problem() === null, soon)
    await eventually(() => member.seen.length > 0, soon)
    expect(member.seen).toEqual(['a', 'b'])
  })
})

describe('what a consumer asks of a broker', () => {
  it('is a short poll for little of a partition', async () => {
    await makeTopic(1)
    const gate = await gateFor()
    join(async () => {}, gate.address)
    const { body } = await eventually(
      () => gate.requests.find(({ api }) => api === API.fetch) ?? null,
      soon,
    )
    // replica_id, max_wait_time; at the end the partition's max_bytes, no forgotten topics, no rack
    expect([body.readInt32BE(4), body.readInt32BE(body.length - 10)]).toEqual([300, 262_144])
  })
})

describe('a batch in hand', () => {
  it('is no longer held once the partition is to be read from elsewhere', async () => {
    await makeTopic(1)
    await write('a')
    const held: boolean[] = []
    const member = join(async (_, lease) => {
      if (held.length > 0) return
      held.push(lease.held())
      lease.seek(0n)
      held.push(lease.held())
      throw new Error('given up')
    })
    await eventually(() => member.seen.length === 1, soon)
    expect(held).toEqual([true, false])
  })

  it('may be held for longer than a session lasts, and no member is shut out meanwhile', async () => {
    await makeTopic(2)
    const generations = [new Set<number>(), new Set<number>()] as const
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    onTestFinished(() => release())
    const inHand: BatchLease[] = []
    const members = generations.map((own) =>
      join(async (batch, lease) => {
        own.add(lease.generation)
        if (!valuesOf(batch).includes('slow')) return
        inHand.push(lease)
        await released
      }),
    )
    const toBoth = async (value: string) => {
      const records = ['k0', 'k1', 'k2', 'k3'].map((key) => ({ key, value }))
      await writeRecords(brokers, topic, 2, records)
    }
    await eventually(async () => {
      await toBoth('start')
      return members.every(({ seen }) => seen.length > 0)
    }, soon)
    const before = generations.map((own) => Math.max(...own))
    await toBoth('slow')
    await eventually(() => inHand.length === 2, soon)
    const begun = performance.now()
    await eventually(
      () => performance.now() - begun > 15_000 || inHand.some((lease) => !lease.held()),
      soon,
    )
    expect(await Promise.all(inHand.map((lease) => lease.confirmed()))).toEqual([true, true])
    release()
    await eventually(() => members.every(({ seen }) => seen.includes('slow')), soon)
    expect(generations.map((own) => Math.max(...own))).toEqual(before)
    expect(members.flatMap(({ rebuilds }) => rebuilds)).toEqual([])
  })
})

describe('a consumer that gets no answer any more', () => {
  it('is replaced for its silence, whatever kafkajs still waits for', async () => {
    await makeTopic(1)
    await write('a')
    const gate = await gateFor()
    const member = join(async () => {}, gate.address, { ...never, silenceMs: 2000 })
    await eventually(() => member.seen.length === 1, soon)
    const before = member.rebuilds.length
    gate.freeze()
    const cause = await eventually(() => member.rebuilds[before] ?? null, soon)
    expect(cause).toBe('silence')
  })
})

describe('a consumer that hears from brokers and reads nothing', () => {
  it('is replaced when no fetch is answered', async () => {
    await makeTopic(1)
    await write('a')
    const gate = await gateFor()
    const member = join(async () => {}, gate.address, { ...never, standstillMs: 1000 })
    await eventually(() => member.seen.length === 1, soon)
    const before = member.rebuilds.length
    gate.hold(({ api }) => api === API.fetch)
    const cause = await eventually(() => member.rebuilds[before] ?? null, soon)
    expect(cause).toBe('silence')
    gate.release()
    await write('b')
    await eventually(() => member.seen.includes('b'), soon)
    expect(member.fatal).toEqual([])
  })

  it('is replaced when a partition with more to read does not move', async () => {
    await makeTopic(1)
    await write('a')
    let givenUp = 0
    const member = join(
      async () => {
        if (member.rebuilds.length > 0) return
        givenUp += 1
        throw new Error('given up')
      },
      brokers,
      { ...never, standstillMs: 500 },
    )
    await eventually(() => member.seen.length === 1, soon)
    expect(member.rebuilds).toEqual(['silence'])
    expect(givenUp).toBeGreaterThan(1)
  })

  it('is left alone where all that is left to read cannot be seen', async () => {
    await makeTopic(1)
    // More than one poll takes of a partition, so that the rest comes by itself.
    await write('a'.repeat(300_000))
    await writeAborted(brokers, topic, 'b')
    const gate = await gateFor()
    const member = join(async () => {}, gate.address, { ...never, standstillMs: 3000 })
    await eventually(() => member.seen.length === 1, soon)
    const since = gate.requests.length
    const polls = () => gate.requests.slice(since).filter(({ api }) => api === API.fetch).length
    await eventually(() => polls() >= 15, soon)
    expect(member.rebuilds).toEqual([])
  })

  it('is left alone while it has read everything, and while a batch is in hand', async () => {
    await makeTopic(1)
    await write('a')
    const gate = await gateFor()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    onTestFinished(() => release())
    let inHand = false
    const member = join(
      async (batch) => {
        if (!valuesOf(batch).includes('slow')) return
        inHand = true
        await released
      },
      gate.address,
      { ...never, standstillMs: 3000 },
    )
    await eventually(() => member.seen.length === 1, soon)
    const asked = (which: number, since: number) =>
      gate.requests.slice(since).filter(({ api }) => api === which).length
    const idleSince = gate.requests.length
    // Fifteen polls of 300 ms, then five heartbeats, one a second: both longer than the limit.
    await eventually(() => asked(API.fetch, idleSince) >= 15, soon)
    await write('slow')
    await eventually(() => inHand, soon)
    const heldSince = gate.requests.length
    await eventually(() => asked(API.heartbeat, heldSince) >= 5, soon)
    release()
    await eventually(() => member.seen.includes('slow'), soon)
    expect(member.rebuilds).toEqual([])
  })
})
