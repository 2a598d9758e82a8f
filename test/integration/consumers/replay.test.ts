import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { BatchWriter } from '#consumers/runtime/batch.ts'
import type { DomainConsumer } from '#consumers/runtime/contract.ts'
import type { ReplayTally } from '#consumers/runtime/replay.ts'
import { Replay } from '#consumers/runtime/replay.ts'
import { Schemas } from '#consumers/runtime/schemas.ts'
import type { TenantId } from '#core/ids.ts'
import { partitionOf } from '#core/murmur2.ts'
import { controlTopic } from '#core/routing.ts'
import { compileEventDecoder, schemaIdOf } from '#platform/avro/event-decoder.ts'
import { readStretches } from '#platform/kafka/log-stretch.ts'
import { createLogger } from '#platform/log.ts'
import { migrate } from '#platform/postgres/migrations.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body } from './stage.ts'
import { Stage } from './stage.ts'

const soon = { withinMs: 40_000 }
const EVENTS = 600
/** Of the first events, at the end of the topic. */
const COPIES = 30
const log = createLogger({ service: 'test', level: 'silent' })

/** The card consumer with an effect that a second handling would double. */
const counting: DomainConsumer = {
  ...cardConsumer,
  handle: async (event, work) => {
    await work.query({
      text: 'INSERT INTO public.replay_effects (tenant_id, event_id) VALUES ($1, $2)',
      values: [event.tenantId, event.id],
    })
    return undefined
  },
}

let stage: Stage

beforeEach(async () => {
  stage = await Stage.set(counting)
  const runtime = new URL('../../../services/consumers/runtime/migrations/', import.meta.url)
  await migrate(stage.database, [
    { folder: runtime, versionTable: 'runtime.schema_version' },
    { folder: counting.migrations, versionTable: 'card.schema_version' },
  ])
  await stage.rows(
    'CREATE TABLE IF NOT EXISTS public.replay_effects (tenant_id text NOT NULL, event_id text NOT NULL)',
  )
})

afterEach(async () => {
  await stage.clear()
})

function cardEvent(n: number): Body {
  return {
    id: `evt_${String(n).padStart(6, '0')}`,
    type: 'card.activated',
    created: new Date(Date.parse('2026-05-20T10:00:00Z') + n * 1000).toISOString(),
    tenant_id: stage.tenant,
    live_mode: false,
    api_version: '2026-05-19',
    // Few cards, so that both write the same rows.
    data: { card: { id: `card_${n % 7}`, status: 'active' } },
    previous_attributes: null,
  }
}

async function effects(): Promise<readonly string[]> {
  const rows = await stage.rows('SELECT event_id FROM public.replay_effects WHERE tenant_id = $1', [
    stage.tenant,
  ])
  return rows.map(({ event_id }) => String(event_id)).sort()
}

/** All of the tenant's partition, without a look at where the group stands. */
async function replayAll({ again = false, domain = counting } = {}): Promise<ReplayTally> {
  const connection = { brokers: [inject('kafkaBrokers')], clientId: 'test', ssl: false, sasl: null }
  const entries = await readCatalogue(connection, controlTopic(stage.prefix), log, 20_000)
  const schemas = new Schemas({
    source: { entries: () => entries ?? new Map(), leaseHeld: () => true, onChange: () => {} },
    domain: 'card',
    compile: (schemaText) => {
      const decoder = compileEventDecoder({ schemaText })
      return (value) => decoder.decode(value)
    },
    waitMs: 0,
  })
  const topic = stage.topic()
  const partition = partitionOf(Buffer.from(stage.tenant), 12)
  const replay = new Replay({
    domain,
    place: { groupId: stage.group(), topic, partition },
    scope: {
      tenantId: stage.tenant as TenantId,
      fromMs: 0,
      toMs: Number.POSITIVE_INFINITY,
    },
    context: { mode: 'sandbox', schemaIdOf, decoderOf: (id) => schemas.decoderOf(id) },
    database: stage.database,
    writer: new BatchWriter({
      database: stage.database,
      domain,
      handlerDeadlineMs: 4000,
    }),
    again,
  })
  const end = await readStretches({
    connection,
    log,
    signal: new AbortController().signal,
    bytesAtOnce: 20_000,
    stretches: [{ topic, partition, from: 0n, to: BigInt(EVENTS + COPIES) }],
    onRecords: (_stretch, records) => replay.take(records),
  })
  if (end.kind === 'handler_failed') throw end.error
  expect(end).toEqual({ kind: 'read' })
  return replay.tally
}

async function sendAll(): Promise<readonly string[]> {
  const bodies = Array.from({ length: EVENTS }, (_, i) => cardEvent(i))
  for (let i = 0; i < EVENTS; i += 30) await stage.send(bodies.slice(i, i + 30))
  await stage.send(bodies.slice(0, COPIES))
  return bodies.map(({ id }) => String(id))
}

describe('a replay beside a running consumer', () => {
  it('doubles no effect and loses none, though both have the same events in hand', async () => {
    const ids = await sendAll()
    const consumer = stage.start({ BATCH_MAX_RECORDS: '20' })
    await eventually(async () => (await effects()).length > 0, soon)
    const tallies = await Promise.all([replayAll(), replayAll()])
    await eventually(async () => (await effects()).length >= EVENTS, soon)
    await stage.stop(consumer)
    expect(await effects()).toEqual(ids)
    const handled = tallies.map(({ outcomes }) => EVENTS - (outcomes.get('duplicate') ?? 0))
    // Otherwise the consumer was through before them, and nothing was proven.
    expect(Math.max(...handled)).toBeGreaterThan(0)
    expect(await stage.outcomes()).toHaveLength(EVENTS)
  })
})

describe('a replay of what had its effect', () => {
  it('handles it once more only with `again`, each event once, copies on the topic or not', async () => {
    const ids = await sendAll()
    await replayAll()
    await replayAll()
    expect(await effects()).toEqual(ids)
    const { outcomes, copies } = await replayAll({ again: true })
    expect(await effects()).toEqual([...ids, ...ids].sort())
    expect([copies, outcomes.get('duplicate')]).toEqual([COPIES, undefined])
  })

  it('stops at an event that cannot be handled again, and parks nobody', async () => {
    await sendAll()
    await replayAll()
    const failing: DomainConsumer = {
      ...counting,
      handle: (event, work) => {
        if (event.id === 'evt_000300') return Promise.reject(new TypeError('a fault of ours'))
        return counting.handle?.(event, work) ?? Promise.resolve(undefined)
      },
    }
    await expect(replayAll({ again: true, domain: failing })).rejects.toThrow('a fault of ours')
    const [row] = await stage.rows(
      'SELECT count(*) AS n FROM runtime.parked_tenants WHERE tenant_id = $1',
      [stage.tenant],
    )
    expect(row?.n).toBe(0n)
    const doubled = (await effects()).filter((id, i, all) => id === all[i - 1])
    expect(doubled).toContain('evt_000000')
    expect(doubled).not.toContain('evt_000300')
    expect(doubled).not.toContain('evt_000301')
  })
})
