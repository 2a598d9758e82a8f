import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { afterEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { eventually } from '../../fixtures/eventually.ts'
import type { KafkaGate } from '../../fixtures/kafka-gate.ts'
import { API, gateToKafka } from '../../fixtures/kafka-gate.ts'
import type { DeclaredEndpoint, HttpAnswer } from './stage.ts'
import { IngressStage, newEndpoint, sampleFor } from './stage.ts'

/** Of a family that nobody knows, hence of the domain `other`. */
const UNHEARD = 'unheard.of'
/** Some requests never end by themselves. */
const BRIEF_STOP = { DRAIN_DEADLINE_MS: '1000' }
const GET = 'GET /v1/hooks/x HTTP/1.1\r\nHost: a\r\n\r\n'
const soon = { withinMs: 30_000 }
const [noisy, quiet] = [newEndpoint(), newEndpoint()]

let stage: IngressStage

afterEach(async () => {
  await stage.stop()
})

/** An ingress whose Kafka takes records only when the gate lets them through. */
async function heldBack(
  settings: Readonly<Record<string, string>>,
  endpoints: readonly DeclaredEndpoint[] = [noisy, quiet],
): Promise<KafkaGate> {
  const gate = await gateToKafka(inject('kafkaBrokers'))
  onTestFinished(() => gate.close())
  stage = await IngressStage.set({
    brokers: gate.address,
    endpoints,
    settings: { ...BRIEF_STOP, ...settings },
  })
  gate.hold(({ api }) => api === API.produce)
  return gate
}

function codeOf({ body }: HttpAnswer): unknown {
  return (body.error as { code?: unknown } | undefined)?.code
}

async function send(
  endpoint: DeclaredEndpoint,
  type = 'card.transaction.authorized',
): Promise<HttpAnswer> {
  const body =
    type === UNHEARD
      ? await sampleFor(endpoint, 'pass.created', '2026-05-19', { type })
      : await sampleFor(endpoint, type)
  return await stage.send(body, endpoint)
}

async function queued(records: number): Promise<void> {
  await eventually(async () => (await stage.metric('ingress_queue_records')) === records, soon)
}

/** The refusals so far by the limit that they met. */
async function refusals(): Promise<Readonly<Record<string, number>>> {
  const metric = await stage.metrics.getSingleMetric('ingress_limit_refusals_total')?.get()
  return Object.fromEntries(
    (metric?.values ?? []).map(({ labels, value }) => [labels.limit, value]),
  )
}

/** A connection that is kept open at our end whatever the ingress does. */
function open(bytes: string): { readonly socket: Socket; text(): string } {
  const { port, hostname } = new URL(stage.url)
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString()
  })
  socket.on('error', () => undefined)
  if (bytes !== '') socket.write(bytes)
  onTestFinished(() => void socket.destroy())
  return { socket, text: () => text }
}

function head(endpoint: DeclaredEndpoint, length: number): string {
  return `POST /v1/hooks/${endpoint.id} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`
}

describe('a tenant above its rate', () => {
  it('is answered 429 with Retry-After, known ids and other tenants are not', async () => {
    const settings = { TENANT_RATE_PER_SECOND: '1', TENANT_BURST: '2' }
    stage = await IngressStage.set({ endpoints: [noisy, quiet], settings })
    const first = await sampleFor(noisy)
    expect((await stage.send(first, noisy)).status).toBe(200)
    const answers = [await send(noisy), await send(noisy), await send(noisy)]
    const refused = answers.find(({ status }) => status !== 200)
    expect([refused?.status, refused && codeOf(refused)]).toEqual([429, 'tenant_limit'])
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0)
    expect(await refusals()).toMatchObject({ tenant_rate: expect.any(Number) })
    const again = await stage.send(first, noisy)
    expect([again.status, again.body.duplicate]).toEqual([200, true])
    expect((await send(quiet)).status).toBe(200)
    expect(await stage.metric('final_4xx_total')).toBe(0)
    await eventually(async () => (await send(noisy)).status === 200, soon)
  })
})

describe('a full queue', () => {
  it('holds a quarter of one tenant at most while others wait, and they still find room', async () => {
    const gate = await heldBack({ QUEUE_MAX_RECORDS: '40', QUEUE_MAX_AGE_MS: '10000' })
    const pending = [send(quiet)]
    await queued(1)
    const flood = Array.from({ length: 30 }, () => send(noisy))
    pending.push(...flood)
    await eventually(async () => (await refusals()).tenant_share === 20, soon)
    await queued(11)
    pending.push(send(quiet), send(quiet))
    await queued(13)
    expect(stage.problems()).toEqual([])
    gate.release()
    const statuses = (await Promise.all(pending)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(13)
    expect(statuses.filter((status) => status === 429)).toHaveLength(20)
  })

  it('holds three quarters of a tenant that is alone', async () => {
    const gate = await heldBack({ QUEUE_MAX_RECORDS: '40', QUEUE_MAX_AGE_MS: '10000' })
    const flood = Array.from({ length: 50 }, () => send(noisy))
    await eventually(async () => (await refusals()).tenant_share === 20, soon)
    await queued(30)
    const others = [send(quiet), send(quiet)]
    await queued(31)
    gate.release()
    expect((await Promise.all(flood)).filter(({ status }) => status === 200)).toHaveLength(30)
    await Promise.all(others)
  })

  it('refuses domains in their order, compliance and settlement last', async () => {
    const many = Array.from({ length: 120 }, () => newEndpoint())
    const gate = await heldBack({ QUEUE_MAX_RECORDS: '100', QUEUE_MAX_AGE_MS: '14000' }, many)
    const pending: Promise<HttpAnswer>[] = []
    const sendNext = (type: string) => send(many.pop() ?? noisy, type)
    const fill = async (records: number, type: string) => {
      while (pending.length < records) pending.push(sendNext(type))
      await queued(records)
    }
    for (const [type, from] of [
      [UNHEARD, 79],
      ['pass.created', 83],
      ['program.activated', 86],
      ['card.activated', 90],
      ['cardholder.kyc.completed', 93],
      ['settlement.completed', 97],
    ] as const) {
      await fill(from - 1, 'settlement.completed')
      await fill(from, type)
      const answer = await sendNext(type)
      expect([type, answer.status, codeOf(answer)]).toEqual([type, 503, 'overloaded'])
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    }
    expect(await refusals()).toEqual({ domain: 6 })
    expect(await stage.metric('ingress_shed_events_total')).toBe(6)
    expect(stage.problems()).toEqual([])
    gate.release()
    const statuses = (await Promise.all(pending)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
  })

  it('refuses everything before a body is read', async () => {
    const many = Array.from({ length: 4 }, () => newEndpoint())
    const gate = await heldBack({ QUEUE_MAX_RECORDS: '3' }, many)
    const pending = many.slice(0, 3).map((endpoint) => send(endpoint))
    await queued(3)
    const { text } = open(head(quiet, 1000))
    await eventually(() => text().includes('queue_full'), soon)
    gate.release()
    await Promise.all(pending)
  })
})

describe('too many requests in hand', () => {
  it('are answered 503 before their bodies are read, and the ingress stays ready', async () => {
    const gate = await heldBack({ MAX_REQUESTS: '2' })
    const pending = [send(noisy), send(quiet)]
    await queued(2)
    const { text } = open(head(quiet, 1000))
    await eventually(() => text().includes('"overloaded"'), soon)
    expect(text()).toMatch(/^HTTP\/1.1 503 .*retry-after: \d/is)
    expect(await refusals()).toEqual({ requests: 1 })
    expect(stage.problems()).toEqual([])
    gate.release()
    expect((await Promise.all(pending)).map(({ status }) => status)).toEqual([200, 200])
  })
})

describe('copies of an event on its way', () => {
  it('wait with it, eight at most; more are answered 429', async () => {
    const gate = await heldBack({})
    const body = await sampleFor(quiet)
    const copies = Array.from({ length: 14 }, () => stage.send(body, quiet))
    await eventually(async () => (await refusals()).tenant_share === 5, soon)
    await queued(1)
    gate.release()
    const answers = await Promise.all(copies)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(9)
    const refused = answers.filter((answer) => codeOf(answer) === 'tenant_limit')
    expect(refused.map(({ status }) => status)).toEqual([429, 429, 429, 429, 429])
  })
})

describe('slow bodies', () => {
  it('use up their budget, so that the next is refused unread; then the slowest give way to it', async () => {
    stage = await IngressStage.set({
      endpoints: [quiet],
      settings: { ...BRIEF_STOP, BODIES_MAX_BYTES: String(1024 * 1024) },
    })
    const slow = Array.from({ length: 64 }, () => open(`${head(quiet, 1_000_000)}x`))
    await eventually(async () => (await stage.metric('ingress_body_bytes')) === 1024 * 1024, soon)
    const { text } = open(head(quiet, 1000))
    await eventually(() => text().includes('"overloaded"'), soon)
    expect(await refusals()).toEqual({ body_bytes: 1 })
    const good = await eventually(async () => {
      const answer = await send(quiet)
      return answer.status === 200 ? answer : null
    }, soon)
    expect(good.status).toBe(200)
    expect((await refusals()).slow_body).toBe(1)
    await eventually(
      () => slow.filter((one) => one.text().includes('"overloaded"')).length === 1,
      soon,
    )
    expect(stage.problems()).toEqual([])
  })
})

describe('connections that ask nothing', () => {
  /** Whether our bytes still find the ingress's end of a connection. */
  function isCut({ socket }: ReturnType<typeof open>): boolean {
    if (!socket.destroyed) socket.write('x')
    return socket.destroyed
  }

  it('are closed when nothing or half a head came, also if the caller keeps its side open', async () => {
    const settings = { HEADERS_TIMEOUT_MS: '1000', REQUEST_TIMEOUT_MS: '1500' }
    stage = await IngressStage.set({ endpoints: [quiet], settings })
    const silent = open('')
    const half = open('POST /v1/hooks/x HTTP/1.1\r\nHos')
    await eventually(async () => (await stage.metric('ingress_cut_connections_total')) === 1, soon)
    await eventually(() => half.text().includes('request_timeout'), soon)
    await eventually(() => isCut(silent) && isCut(half), soon)
    expect(silent.text()).toBe('')
    expect((await send(quiet)).status).toBe(200)
  })

  it('give way when there are too many connections', async () => {
    stage = await IngressStage.set({ endpoints: [quiet], settings: { MAX_CONNECTIONS: '3' } })
    const idle = Array.from({ length: 3 }, () => open(GET))
    await eventually(() => idle.every((one) => one.text().includes('method_not_allowed')), soon)
    await eventually(async () => {
      const answer = await send(quiet).catch(() => null)
      return answer?.status === 200
    }, soon)
    expect(await stage.metric('ingress_cut_connections_total')).toBeGreaterThan(0)
  })

  it('give way before a sender that keeps its connection, when they have all other places', async () => {
    // Their own time-outs come too late to help.
    const late = { HEADERS_TIMEOUT_MS: '60000', REQUEST_TIMEOUT_MS: '60000' }
    stage = await IngressStage.set({
      endpoints: [quiet],
      settings: { ...BRIEF_STOP, ...late, MAX_CONNECTIONS: '20' },
    })
    const answers = (one: ReturnType<typeof open>) => one.text().split('method_not_allowed').length
    const kept = open(GET)
    await eventually(() => answers(kept) === 2, soon)
    for (let n = 0; n < 20; n += 1) open('')
    for (let n = 0; n < 5; n += 1) open('POST /v1/hooks/x HTTP/1.1\r\nHos')
    for (let served = 0; served < 10; served += 1) {
      await eventually(async () => {
        const newcomer = open(GET)
        const { socket } = newcomer
        const isOver = () => socket.destroyed || socket.readableEnded
        await eventually(() => isOver() || answers(newcomer) === 2, soon)
        return answers(newcomer) === 2
      }, soon)
    }
    const cuts = await stage.metrics.getSingleMetric('ingress_cut_connections_total')?.get()
    const silent = cuts?.values.find(({ labels }) => labels.cause === 'silent')?.value
    expect(silent).toBeGreaterThanOrEqual(10)
    kept.socket.write(GET)
    await eventually(() => answers(kept) === 3, soon)
  })
})
