import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { BatchWriter } from '#consumers/runtime/batch.ts'
import { claimPlace } from '#consumers/runtime/fence.ts'
import { planBatch } from '#consumers/runtime/plan.ts'
import { compileEventDecoder, schemaIdOf } from '#platform/avro/event-decoder.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { gateTo } from './gate.ts'
import type { Body } from './stage.ts'
import { Stage } from './stage.ts'

const soon = { withinMs: 30_000 }

let stage: Stage

beforeEach(async () => {
  stage = await Stage.set(cardConsumer)
})

afterEach(async () => {
  await stage.clear()
})

function cardEvent(n: number): Body {
  return {
    id: `evt_${String(n).padStart(6, '0')}`,
    type: 'card.activated',
    created: new Date(Date.parse('2026-11-20T10:00:00Z') + n * 1000).toISOString(),
    tenant_id: stage.tenant,
    live_mode: false,
    api_version: '2026-05-19',
    data: { card: { id: `card_${n % 10}`, status: `s${n}` } },
    previous_attributes: null,
  }
}

const events = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => cardEvent(from + i))

async function history(): Promise<number> {
  const text = 'SELECT count(*) AS n FROM card.history WHERE tenant_id = $1'
  const [row] = await stage.rows(text, [stage.tenant])
  return Number(row?.n)
}

async function untilHandled(count: number): Promise<void> {
  await eventually(async () => (await stage.outcomes()).length >= count, soon)
}

async function problemOf(consumer: ReturnType<Stage['start']>, name: string) {
  return consumer.checks.find((check) => check.name === name)?.problem() ?? null
}

async function counted(consumer: ReturnType<Stage['start']>, name: string, label: string) {
  const metric = await consumer.metrics.getSingleMetric(name)?.get()
  const found = metric?.values.filter(({ labels }) => Object.values(labels).includes(label)) ?? []
  return found.reduce((sum, { value }) => sum + value, 0)
}

async function moveOffsets(to: string): Promise<void> {
  const partitions = Array.from({ length: 12 }, (_, partition) => ({ partition, offset: to }))
  await stage.admin.setOffsets({ groupId: stage.group(), topic: stage.topic(), partitions })
}

describe('what Kafka and the database remember', () => {
  it('may differ after a crash between the two commits: nothing has its effect twice', async () => {
    const first = stage.start()
    await stage.send(events(1, 50))
    await untilHandled(50)
    await stage.stop(first)
    await moveOffsets('0')
    const second = stage.start()
    await eventually(
      async () => (await counted(second, 'consumer_records_total', 'duplicate')) === 50,
      soon,
    )
    await stage.send(events(51, 60))
    await untilHandled(60)
    expect(await history()).toBe(60)
    expect(await counted(second, 'consumer_records_total', 'applied')).toBe(10)
  })

  it('may differ the other way: what the database has not seen is read again', async () => {
    const first = stage.start()
    await stage.send(events(1, 10))
    await untilHandled(10)
    await stage.stop(first)
    await stage.send(events(11, 30))
    const offsets = await stage.admin.fetchTopicOffsets(stage.topic())
    await stage.admin.setOffsets({
      groupId: stage.group(),
      topic: stage.topic(),
      partitions: offsets.map(({ partition, high }) => ({ partition, offset: high })),
    })
    const second = stage.start()
    await eventually(async () => (await problemOf(second, 'kafka_sandbox')) === null, soon)
    await stage.send(events(31, 31))
    await untilHandled(31)
    expect(await history()).toBe(31)
    expect(await counted(second, 'consumer_offset_jumps_total', 'seek_back')).toBeGreaterThan(0)
  })

  it('may be about a topic that was made anew: the new records are handled', async () => {
    const first = stage.start()
    await stage.send(events(1, 20))
    await untilHandled(20)
    await stage.stop(first)
    await stage.admin.deleteTopics({ topics: [stage.topic()] })
    await eventually(async () => !(await stage.admin.listTopics()).includes(stage.topic()), soon)
    await stage.createTopics()
    await stage.send(events(21, 25))
    const second = stage.start()
    await untilHandled(25)
    expect(await history()).toBe(25)
    expect(await counted(second, 'consumer_offset_jumps_total', 'topic_reset')).toBeGreaterThan(0)
  })
})

describe('a member that is stopped politely', () => {
  it('finishes the batch in its hands and leaves nothing to be repeated', async () => {
    const consumer = stage.start({ BATCH_MAX_RECORDS: '20' })
    await stage.send(events(1, 3000))
    await untilHandled(20)
    await stage.stop(consumer)
    const [row] = await stage.rows(
      'SELECT max(next_offset) AS next FROM runtime.consumer_offsets WHERE topic = $1',
      [stage.topic()],
    )
    const [group] = await stage.admin.fetchOffsets({
      groupId: stage.group(),
      topics: [stage.topic()],
    })
    const committed = group?.partitions.map(({ offset }) => BigInt(offset)) ?? []
    expect(committed).toContain(row?.next)
    expect(await history()).toBe(Number(row?.next))
    expect(row?.next).toBeLessThan(3000n)
  })
})

describe('a member whose partition was claimed by another', () => {
  it('writes nothing', async () => {
    const prepared = stage.start()
    await eventually(async () => (await problemOf(prepared, 'database')) === null, soon)
    await stage.stop(prepared)
    const place = { groupId: stage.group(), topic: stage.topic(), partition: 3 }
    const value = await stage.encode(cardEvent(1))
    const text = await readFile(
      new URL('../../../schemas/2026-05-19/card.avsc', import.meta.url),
      'utf8',
    )
    const decoder = compileEventDecoder({ schemaText: text })
    const record = { offset: 0n, key: Buffer.from(stage.tenant), value, headers: {} }
    const plan = planBatch(cardConsumer, [record], {
      mode: 'sandbox',
      schemaIdOf,
      decoderOf: () => (bytes) => decoder.decode(bytes),
    })
    const writer = new BatchWriter({
      database: stage.database,
      domain: cardConsumer,
      handlerDeadlineMs: 1000,
    })
    const claimAnew = () =>
      stage.database.transaction((transaction) => claimPlace(transaction, place))
    const old = await claimAnew()
    const current = await claimAnew()
    const work = { place, plan, nextOffset: 1n }
    expect(await writer.write({ ...work, claim: old })).toEqual({ kind: 'fenced' })
    expect(await stage.outcomes()).toEqual([])
    expect(await history()).toBe(0)
    expect(await writer.write({ ...work, claim: current })).toMatchObject({ kind: 'committed' })
    expect(await stage.outcomes()).toEqual(['evt_000001 applied cards'])
  })
})

describe('members that come and go', () => {
  it('lose nothing and do nothing twice', async () => {
    const tenants = Array.from({ length: 20 }, (_, i) => `${stage.tenant}${i}`)
    const wave = (from: number) =>
      tenants.flatMap((tenant, t) =>
        events(from, from + 9).map((event) => ({
          ...event,
          id: `${event.id}_${t}`,
          tenant_id: tenant,
        })),
      )
    const first = stage.start({ BATCH_MAX_RECORDS: '5' })
    await stage.send(wave(1))
    const second = stage.start({ BATCH_MAX_RECORDS: '5' })
    await stage.send(wave(11))
    await eventually(async () => (await problemOf(second, 'kafka_sandbox')) === null, soon)
    await stage.send(wave(21))
    await stage.stop(first)
    await stage.send(wave(31))
    await untilHandled(800)
    const [row] = await stage.rows(
      'SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM card.history WHERE topic = $1',
      [stage.topic()],
    )
    expect(row).toEqual({ n: 800n, ids: 800n })
  })
})

describe('while something is away', () => {
  it('waits for Postgres, says so, and goes on without loss', async () => {
    const gate = await gateTo(inject('databaseUrl'))
    try {
      gate.shut()
      const consumer = stage.start({ DATABASE_URL: gate.url })
      await eventually(async () => (await problemOf(consumer, 'database')) !== null, soon)
      gate.open()
      await stage.send(events(1, 20))
      await untilHandled(20)
      expect(await problemOf(consumer, 'database')).toBeNull()
      for (let round = 1; round <= 3; round += 1) {
        gate.shut()
        await stage.send(events(round * 20 + 1, round * 20 + 20))
        await eventually(async () => (await problemOf(consumer, 'database')) !== null, soon)
        gate.open()
        await untilHandled(round * 20 + 20)
      }
      expect(await history()).toBe(80)
      expect(consumer.stalled()).toBeNull()
      await stage.stop(consumer)
    } finally {
      await gate.close()
    }
  })

  it('waits for a topic that is not there yet, and says so', async () => {
    const early = await Stage.set(cardConsumer, 'missing')
    try {
      const consumer = early.start()
      await eventually(
        async () => (await problemOf(consumer, 'kafka_sandbox'))?.includes('does not exist'),
        soon,
      )
      await early.createTopics()
      await eventually(async () => (await problemOf(consumer, 'kafka_sandbox')) === null, soon)
      await early.send([{ ...cardEvent(1), tenant_id: early.tenant }])
      await eventually(async () => (await early.outcomes()).length === 1, soon)
    } finally {
      await early.clear()
    }
  })

  it('waits for a version that the catalogue does not know yet', async () => {
    const consumer = stage.start({ SCHEMA_WAIT_MS: '60000' })
    await eventually(async () => (await problemOf(consumer, 'kafka_sandbox')) === null, soon)
    const value = await stage.encode(cardEvent(1))
    value.writeUInt32BE(777, 1)
    await stage.sendValues([[stage.tenant, value]])
    await stage.send([cardEvent(2)], { key: stage.tenant })
    await stage.publishCopy('2026-05-19', '2027-01-01', 777)
    await untilHandled(2)
    expect(await stage.outcomes()).toEqual(['evt_000001 applied cards', 'evt_000002 applied cards'])
  })
})
