import { Registry } from 'prom-client'
import { afterEach, expect, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { startConsumer } from '#consumers/runtime/consumer.ts'
import type { DomainEvent } from '#consumers/runtime/contract.ts'
import { createLogger } from '#platform/log.ts'
import { startTracing } from '#platform/traces-settings.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { TraceCollector } from '../../fixtures/trace-collector.ts'
import { Stage, sample } from './stage.ts'

const soon = { withinMs: 30_000 }
const silent = createLogger({ service: 'test', level: 'silent' })
const PARKED = 'evt_0002'

const domain = {
  ...cardConsumer,
  handle: async ({ id }: DomainEvent) =>
    id === PARKED ? ({ kind: 'park', reason: 'unwanted' } as const) : undefined,
}

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A consumer in this process whose traces go to the collector. */
async function start(stage: Stage, collector: TraceCollector): Promise<void> {
  const settings = stage.settings({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const tracing = await startTracing(settings, 'consumer-card', silent)
  const consumer = startConsumer({
    domain: stage.domain,
    settings,
    log: silent,
    metrics: new Registry(),
    tracing,
    onFatal: (error) => {
      throw error
    },
  })
  cleanups.push(async () => {
    await consumer.stop()
    await tracing?.stop()
  })
}

/** Three events of one tenant; the second will be parked, and the third behind it. */
async function sendThree(stage: Stage, traceparents: readonly string[]): Promise<void> {
  const body = { ...(await sample('2026-05-19', 'card.activated')), tenant_id: stage.tenant }
  const messages = await Promise.all(
    traceparents.map(async (traceparent, n) => ({
      key: stage.tenant,
      value: await stage.encode({ ...body, id: `evt_000${n + 1}`, live_mode: false }),
      headers: { traceparent },
    })),
  )
  await stage.producer.send({ topic: stage.topic(), messages })
}

it('a batch is one span, linked to each trace once, with one child for each parked record', async () => {
  const stage = await Stage.set(domain)
  cleanups.push(() => stage.clear())
  const collector = await TraceCollector.start()
  cleanups.push(() => collector.stop())
  const [one, two] = ['0a'.repeat(16), '0b'.repeat(16)] as const
  const span = '0c'.repeat(8)
  await sendThree(stage, [`00-${one}-${span}-01`, `00-${one}-${span}-01`, `00-${two}-${span}-01`])
  await start(stage, collector)
  const batch = await eventually(() => collector.spans('batch.handled')[0], soon)
  expect(collector.spans('batch.handled')).toHaveLength(1)
  expect(batch.links).toEqual([`${one}-${span}`, `${two}-${span}`])
  expect(batch.attributes).toMatchObject({
    records: '3',
    applied: '1',
    parked: '2',
    set_aside: '0',
  })
  const parked = collector.spans('record.parked')
  expect(parked.map(({ links }) => links)).toEqual([[`${one}-${span}`], [`${two}-${span}`]])
  expect(parked.map(({ parentSpanId }) => parentSpanId)).toEqual([batch.spanId, batch.spanId])
  expect(parked.map(({ attributes }) => attributes.event_id)).toEqual([PARKED, 'evt_0003'])
})
