import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import type { OutgoingRecord } from '#core/commit.ts'
import { BatchSender } from '#platform/kafka/batch-sender.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import type { GateRequest, KafkaGate } from '../../../fixtures/kafka-gate.ts'
import { API, gateToKafka } from '../../../fixtures/kafka-gate.ts'

const log = createLogger({ service: 'test', level: 'silent' })
const soon = { withinMs: 30_000 }
/** Shorter than what kafkajs waits for one answer (3 s). */
const attemptTimeoutMs = 1500
const timedOut = { kind: 'unknown', reason: 'attempt_timeout' }
const answered = { kind: 'answered', partitions: [{ errorCode: 0, partition: 0 }] }

let gate: KafkaGate
let topic: string

function connectionTo(...brokers: string[]): KafkaConnection {
  return { brokers, clientId: 'batch-sender-test', ssl: false, sasl: null }
}

function sender(...brokers: string[]): BatchSender {
  const connection = connectionTo(...brokers)
  const made = new BatchSender({ connection, log, attemptTimeoutMs, reconnectDelayMs: 50 })
  onTestFinished(() => made.close())
  return made
}

function record(value: string): OutgoingRecord {
  return { topic, partition: 0, key: 'key', value: Buffer.from(value), headers: {} }
}

const values = ['too late', 'in time', 'afterwards']
const valueIn = ({ body }: GateRequest) => values.find((value) => body.includes(value))
const sent = (): readonly GateRequest[] => gate.requests.filter(({ api }) => api === API.produce)

beforeEach(async () => {
  topic = `batch-sender.${randomUUID()}`
  const brokers = inject('kafkaBrokers')
  const declared = { name: topic, partitions: 1, replicationFactor: 1, settings: {} }
  await ensureTopics(connectionTo(brokers), [declared], log)
  gate = await gateToKafka(brokers)
  return () => gate.close()
})

describe('an attempt to write', () => {
  it('ends in time though no broker ever answers', async () => {
    gate.hold(() => true)
    const own = sender(gate.address)
    expect(await own.attempt([record('a')])).toEqual(timedOut)
    expect(own.problem()).not.toBeNull()
  })

  it('ends in time though the leader takes the records and never answers', async () => {
    gate.hold(({ api }) => api === API.produce)
    const begun = performance.now()
    expect(await sender(gate.address).attempt([record('a')])).toEqual(timedOut)
    expect(performance.now() - begun).toBeLessThan(attemptTimeoutMs + 1000)
    expect(sent()).toHaveLength(1)
  })

  it('asks for all replicas, and gives them less time than the request has', async () => {
    expect(await sender(gate.address).attempt([record('a')])).toMatchObject(answered)
    // transactional_id (null), acks, timeout
    const [{ body } = { body: Buffer.alloc(8) }] = sent()
    expect([body.readInt16BE(0), body.readInt16BE(2), body.readInt32BE(4)]).toEqual([-1, -1, 2500])
  })

  it('goes through the seed that answers while another one hangs', async () => {
    gate.hold(() => true)
    const own = sender(gate.address, inject('kafkaBrokers'))
    expect(await own.attempt([record('a')])).toMatchObject(answered)
    await eventually(() => gate.open().length === 0, soon)
  })
})

describe('a producer whose attempt timed out', () => {
  it('is thrown away: the next attempt has connections of its own', async () => {
    const own = sender(gate.address)
    expect(await own.attempt([record('a')])).toMatchObject(answered)
    gate.freeze()
    expect(await own.attempt([record('b')])).toEqual(timedOut)
    expect(await own.attempt([record('c')])).toMatchObject(answered)
    const [first, second, third] = sent().map(({ connection }) => connection)
    expect(second).toBe(first)
    expect(third).toBeGreaterThan(second ?? 0)
  })
})

describe('a producer that is to be renewed', () => {
  it('goes before the next attempt, which has connections of its own, and no later one', async () => {
    const own = sender(gate.address)
    expect(await own.attempt([record('a')])).toMatchObject(answered)
    own.renew()
    own.renew()
    for (const value of ['b', 'c']) {
      expect(await own.attempt([record(value)])).toMatchObject(answered)
    }
    const [first, second, third] = sent().map(({ connection }) => connection)
    expect(second).toBeGreaterThan(first ?? 0)
    expect(third).toBe(second)
    await eventually(() => gate.open().length === 1, soon)
  })
})

describe('an attempt that is over', () => {
  it('sends nothing when its connection comes about late', async () => {
    gate.hold(() => true)
    const own = sender(gate.address)
    expect(await own.attempt([record('too late')])).toEqual(timedOut)
    const next = own.attempt([record('in time')])
    gate.release()
    expect(await next).toMatchObject(answered)
    expect(await own.attempt([record('afterwards')])).toMatchObject(answered)
    expect(sent().map(valueIn)).toEqual(['in time', 'afterwards'])
  })

  it('sends nothing when the answer that it waited for comes late', async () => {
    const own = sender(gate.address)
    own.connect()
    await eventually(() => own.problem() === null, soon)
    gate.hold(({ api }) => api === API.metadata)
    const abandoned = gate.open()
    expect(await own.attempt([record('too late')])).toEqual(timedOut)
    expect(gate.requests.map(({ api }) => api)).toContain(API.metadata)
    gate.release()
    expect(await own.attempt([record('in time')])).toMatchObject(answered)
    await eventually(() => !gate.open().some((connection) => abandoned.includes(connection)), soon)
    await eventually(() => gate.open().length === 1, soon)
    expect(await own.attempt([record('afterwards')])).toMatchObject(answered)
    expect(sent().map(valueIn)).toEqual(['in time', 'afterwards'])
  })
})
