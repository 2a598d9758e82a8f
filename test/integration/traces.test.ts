import { afterEach, describe, expect, inject, it } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../fixtures/eventually.ts'
import { ServiceProcess } from '../fixtures/service-process.ts'
import { TraceCollector } from '../fixtures/trace-collector.ts'
import { IngressStage, nowSeconds, post, sampleFor } from './ingress/stage.ts'

const soon = { withinMs: 60_000 }
const CALLERS_TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLERS_SPAN = 'b7ad6b7169203331'

const cleanups: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function started(room: string, settings: Readonly<Record<string, string>>) {
  const service = await ServiceProcess.start(room, settings)
  cleanups.push(() => service.kill())
  return service
}

/** A collector, an ingress and a consumer of cards, on the topics and endpoint of a stage. */
async function chain() {
  const stage = await IngressStage.set()
  cleanups.push(() => stage.stop())
  const collector = await TraceCollector.start()
  cleanups.push(() => collector.stop())
  const settings = {
    KAFKA_BROKERS: stage.brokers,
    TOPIC_PREFIX: stage.prefix,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  }
  const { endpointsFile } = stage
  const own = { ENDPOINTS_FILE: endpointsFile, INGRESS_PORT: '0', REPORT_COORDINATES: 'true' }
  const ingress = await started('ingress', { ...settings, ...own })
  const DATABASE_URL = inject('databaseUrl')
  const consumer = await started('consumers/card', { ...settings, DATABASE_URL })
  /** Sends until it is stored: an ingress that has just started has no catalogue yet. */
  const send = async (body: string, traceparent: string) => {
    const bytes = Buffer.from(body)
    const signature = signatureHeader(stage.endpoint.secrets[0]?.value ?? '', bytes, nowSeconds())
    const headers = { 'QairoPay-Signature': signature, traceparent }
    const url = `${ingress.url}/v1/hooks/${stage.endpoint.id}`
    const answer = await eventually(async () => {
      const given = await post(url, bytes, headers)
      return given.status === 200 ? given : null
    }, soon)
    return { answer, signature }
  }
  return { stage, collector, ingress, consumer, send }
}

/** Every text of a JSON value that is long enough to be told from chance. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.length < 4 ? [] : [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

describe('a webhook', () => {
  it('is followed through the ingress and its record to the consumer, in a trace of our own that only points at the caller\u2019s', async () => {
    const { stage, collector, ingress, consumer, send } = await chain()
    const body = await sampleFor(stage.endpoint)
    const { answer } = await send(body, `00-${CALLERS_TRACE}-${CALLERS_SPAN}-01`)
    const stored = await eventually(
      () => collector.spans('webhook.received').find(({ failed }) => !failed),
      soon,
    )
    expect(stored).toMatchObject({
      parentSpanId: null,
      links: [`${CALLERS_TRACE}-${CALLERS_SPAN}`],
    })
    expect(stored.traceId).not.toBe(CALLERS_TRACE)
    expect(stored.service).toBe('ingress')
    expect(stored.attributes).toEqual({
      status: '200',
      outcome: 'stored',
      endpoint_id: stage.endpoint.id,
      tenant_id: stage.endpoint.tenant_id,
      mode: 'sandbox',
      event_id: answer.body.id,
      event_type: 'card.transaction.authorized',
      api_version: '2026-05-19',
      topic: answer.at?.topic,
      partition: String(answer.at?.partition),
      offset: answer.at?.offset,
    })
    const [record] = await stage.records('card')
    expect(record?.headers.traceparent).toBe(`00-${stored.traceId}-${stored.spanId}-01`)
    const batch = await eventually(() => collector.spans('batch.handled')[0], soon)
    expect(batch).toMatchObject({
      service: 'consumer-card',
      links: [`${stored.traceId}-${stored.spanId}`],
      attributes: {
        group: `${stage.prefix}.sandbox.card.projector`,
        topic: stage.topic('card'),
        partition: String(answer.at?.partition),
        records: '1',
        applied: '1',
        parked: '0',
        set_aside: '0',
      },
    })
    expect(await Promise.all([ingress.stop(), consumer.stop()])).toEqual([0, 0])
  })

  it('leaves nothing of its body, its signature or its secret in a trace', async () => {
    const { stage, collector, ingress, consumer, send } = await chain()
    const sample = JSON.parse(await sampleFor(stage.endpoint))
    const data = { ...sample.data, note: 'canary_in_data', email: 'canary@example.com' }
    const { signature } = await send(JSON.stringify({ ...sample, data }), 'canary_in_header')
    await eventually(() => collector.spans('batch.handled')[0], soon)
    await Promise.all([ingress.stop(), consumer.stop()])
    const traces = collector.bodies.join('\n')
    const hidden = [
      ...textsIn(data).filter((text) => !sample.type.includes(text)),
      /v1=(\w+)/.exec(signature)?.[1] ?? 'no signature',
      stage.endpoint.secrets[0]?.value ?? 'no secret',
      'canary',
    ]
    expect(hidden.filter((each) => traces.includes(each))).toEqual([])
    expect(traces).toContain(sample.id)
  })
})

describe('a record that cannot be read', () => {
  it('has a span of its own within its batch, linked to where it came from', async () => {
    const { stage, collector } = await chain()
    const connection = { brokers: [stage.brokers], clientId: 'test', ssl: false, sasl: null }
    const silent = createLogger({ service: 'test', level: 'silent' })
    const producer = kafkaClient(connection, silent, 5).producer()
    await producer.connect()
    cleanups.push(() => producer.disconnect())
    const traceparent = `00-${CALLERS_TRACE}-${CALLERS_SPAN}-01`
    const message = { key: stage.endpoint.tenant_id, value: 'not Avro', headers: { traceparent } }
    await producer.send({ topic: stage.topic('card'), messages: [message] })
    const aside = await eventually(() => collector.spans('record.set_aside')[0], soon)
    const batch = await eventually(() => collector.spans('batch.handled')[0], soon)
    expect(aside).toMatchObject({ traceId: batch.traceId, parentSpanId: batch.spanId })
    expect(aside.links).toEqual([`${CALLERS_TRACE}-${CALLERS_SPAN}`])
    expect(aside.attributes).toEqual({ offset: '0', reason: 'undecodable' })
    expect(batch.attributes.set_aside).toBe('1')
  })
})
