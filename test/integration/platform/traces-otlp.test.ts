import { afterEach, describe, expect, it } from 'vitest'
import { freePort } from '#local/parts/ports.ts'
import { createLogger } from '#platform/log.ts'
import { traceContextOf } from '#platform/traces.ts'
import { OtlpTracing } from '#platform/traces-otlp.ts'
import { tracesUrl } from '#platform/traces-settings.ts'
import { TraceCollector } from '../../fixtures/trace-collector.ts'

const TRACE = 'ab'.repeat(16)
const SPAN = 'cd'.repeat(8)
const KEPT = `00-${TRACE}-${SPAN}-01`
const DROPPED = `00-${TRACE}-${SPAN}-00`

const collectors: TraceCollector[] = []
const lines: string[] = []

afterEach(async () => {
  for (const collector of collectors.splice(0)) await collector.stop()
  lines.length = 0
})

async function collector(answering = true): Promise<TraceCollector> {
  const started = await TraceCollector.start(answering)
  collectors.push(started)
  return started
}

function tracing(endpoint: string, sampleRatio = 1): OtlpTracing {
  const write = (line: string) => void lines.push(line)
  const log = createLogger({ service: 'test', level: 'debug', destination: { write } })
  return new OtlpTracing({ url: tracesUrl(endpoint), sampleRatio, service: 'ingress', log })
}

/** What reaches a collector of all that is made. */
async function collected(ratio: number, make: (traces: OtlpTracing) => void) {
  const target = await collector()
  const traces = tracing(target.url, ratio)
  make(traces)
  await traces.stop()
  return target
}

describe('a span', () => {
  it('goes to the collector with its service, what led to it, facts and end', async () => {
    const target = await collected(1, (traces) => {
      const span = traces.begin('webhook.received', { kind: 'server', links: [KEPT] })
      span.end({ event_id: 'evt_1', partition: 3, reason: null, detail: '' }, true)
    })
    expect(target.paths).toEqual(['POST /v1/traces application/json'])
    const spans = target.spans()
    expect(spans).toMatchObject([
      { service: 'ingress', links: [`${TRACE}-${SPAN}`], kind: 2, failed: true },
    ])
    expect(spans[0]?.attributes).toEqual({ event_id: 'evt_1', partition: '3' })
  })

  it('begins a trace of its own, whatever led to it', async () => {
    const target = await collected(1, (traces) => {
      traces.begin('one', { kind: 'server', links: ['nothing'] }).end({})
      traces.begin('other', { kind: 'server', links: [KEPT] }).end({})
      traces.begin('third', { kind: 'consumer', links: [KEPT] }).end({})
    })
    const spans = target.spans()
    expect(spans.map(({ parentSpanId }) => parentSpanId)).toEqual([null, null, null])
    const traces = new Set(spans.map(({ traceId }) => traceId))
    expect([traces.size, traces.has(TRACE)]).toEqual([3, false])
  })

  it('tells its place to what it causes, and holds its children', async () => {
    let place = ''
    const target = await collected(1, (traces) => {
      const span = traces.begin('batch.handled', { kind: 'consumer', links: [KEPT] })
      span.child('record.parked', KEPT, { offset: '7' })
      span.end({})
      place = span.traceparent
    })
    const [child, batch] = target.spans()
    expect(traceContextOf(place)).toMatchObject({ traceId: batch?.traceId, spanId: batch?.spanId })
    expect(batch).toMatchObject({ kind: 5, links: [`${TRACE}-${SPAN}`] })
    expect(child).toMatchObject({ parentSpanId: batch?.spanId, links: [`${TRACE}-${SPAN}`] })
  })
})

describe('sampling', () => {
  it.each([
    [0, 'a caller that wants to be kept is not', { kind: 'server', links: [KEPT] }, 0],
    [1, 'a caller that wants to be dropped is kept', { kind: 'server', links: [DROPPED] }, 1],
    [0, 'what a kept trace led to is kept', { kind: 'consumer', links: [DROPPED, KEPT] }, 1],
    [1, 'what only dropped ones led to is dropped', { kind: 'consumer', links: [DROPPED] }, 0],
    [0, 'the ratio decides what nothing led to', { kind: 'consumer' }, 0],
    [1, 'the ratio decides what nothing led to', { kind: 'consumer' }, 1],
  ] as const)('at the ratio %d: %s', async (ratio, _, start, count) => {
    let place = ''
    const target = await collected(ratio, (traces) => {
      const span = traces.begin('any', start)
      place = span.traceparent
      span.end({})
    })
    expect(target.spans()).toHaveLength(count)
    expect(place).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/)
    expect(place.endsWith('1')).toBe(count === 1)
  })
})

describe('a collector that is away', () => {
  it.each([
    ['refuses connections', async () => `http://127.0.0.1:${await freePort()}`],
    ['never answers', async () => (await collector(false)).url],
  ])('and %s holds up a stop for two seconds at most', async (_, endpoint) => {
    const traces = tracing(await endpoint())
    traces.begin('any', { kind: 'server' }).end({})
    const begun = performance.now()
    await traces.stop()
    expect(performance.now() - begun).toBeLessThan(4000)
  })

  it('is a line at debug, without addresses or messages', async () => {
    const target = await collector()
    const traces = tracing(`${target.url}/none`)
    await target.stop()
    traces.begin('any', { kind: 'server' }).end({})
    await traces.stop()
    await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(1)
    const [line = ''] = lines
    expect(JSON.parse(line)).toMatchObject({ level: 'debug', event: 'traces.not_exported' })
    expect(line).not.toContain('127.0.0.1')
  })
})
