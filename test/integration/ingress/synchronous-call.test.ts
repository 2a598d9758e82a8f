import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import { freePort } from '#local/parts/ports.ts'
import { APPROVAL, approve, DecisionServer } from '../../fixtures/decision-server.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { DeclaredEndpoint, HttpAnswer } from './stage.ts'
import { IngressStage, newEndpoint, nowSeconds, post, sampleFor } from './stage.ts'

const type = 'card.transaction.authorization_request'
const BUDGET_MS = 600
const soon = { withinMs: 30_000 }

let service: DecisionServer
let deciding: DeclaredEndpoint
const undecided = newEndpoint()
let stage: IngressStage

/** Kafka is away the whole time: nothing here may need it. */
beforeAll(async () => {
  service = await DecisionServer.start(approve)
  deciding = newEndpoint({ decision_url: service.url })
  stage = await IngressStage.bare({
    brokers: `127.0.0.1:${await freePort()}`,
    endpoints: [deciding, undecided],
    settings: {
      AUTHORIZATION_BUDGET_MS: String(BUDGET_MS),
      AUTHORIZATION_MAX_IN_FLIGHT: '4',
      QUEUE_MAX_RECORDS: '1',
      STALE_SIGNATURE: 'accept',
      RECORD_DEADLINE_MS: '1000',
    },
  })
})

afterAll(async () => {
  await stage.stop()
  await service.stop()
})

beforeEach(() => {
  service.answering = approve
  service.calls.length = 0
})

function codeOf({ body }: HttpAnswer): unknown {
  return (body.error as { code?: unknown } | undefined)?.code
}

/** No field of an event but its type: nobody knows what a call looks like. */
const call = JSON.stringify({ type, amount: { cents: 1250 } })

function lastLine(): Readonly<Record<string, unknown>> {
  const lines = stage.logLines.filter((line) => line.includes('"webhook.received"'))
  return JSON.parse(lines.at(-1) ?? '{}')
}

async function metricOf(name: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const metric = await stage.metrics.getSingleMetric(name)?.get()
  const matches = (metric?.values ?? []).filter((value) =>
    Object.entries(labels).every(([label, text]) => value.labels[label] === text),
  )
  return matches.reduce((sum, { value }) => sum + value, 0)
}

describe('a synchronous call', () => {
  it('is answered by the decision service of its endpoint, byte for byte', async () => {
    const before = await metricOf('ingress_decisions_total', { result: 'decided' })
    const answer = await stage.send(call, deciding, { 'content-type': 'application/vnd.q+json' })
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([200, APPROVAL])
    expect(answer.headers['content-type']).toBe('application/vnd.decision+json')
    const [seen] = service.calls
    expect(seen?.body.toString()).toBe(call)
    expect(seen?.headers).toMatchObject({
      'content-type': 'application/vnd.q+json',
      'qairopay-signature': expect.stringMatching(/^t=\d+,v1=[0-9a-f]{64}$/),
      'x-event-router-endpoint': deciding.id,
      'x-event-router-tenant': deciding.tenant_id,
      'x-event-router-mode': 'sandbox',
    })
    expect(await metricOf('ingress_decisions_total', { result: 'decided' })).toBe(before + 1)
    expect(lastLine()).toMatchObject({
      outcome: 'decided',
      status: 200,
      event_type: type,
      endpoint_id: deciding.id,
      topic: null,
      duration_ms: expect.any(Number),
    })
  })

  it('with the whole envelope of an event is still a call', async () => {
    const event = await sampleFor(deciding, undefined, undefined, { type })
    expect((await stage.send(event, deciding)).status).toBe(200)
    expect(service.calls[0]?.body.toString()).toBe(event)
  })

  it('of an endpoint without a decision service is answered 501', async () => {
    const answer = await stage.send(call, undecided)
    expect([answer.status, codeOf(answer)]).toEqual([501, 'synchronous_call'])
  })

  it.each([
    [{ tenant_id: undecided.tenant_id }, 'tenant_mismatch'],
    [{ live_mode: true }, 'mode_mismatch'],
    [{ tenant_id: undecided.tenant_id, live_mode: true }, 'mode_mismatch'],
  ])('that says %j is denied, reaches nobody and rings', async (claim, detail) => {
    const before = await metricOf('ingress_alarms_total', { code: 'call_mismatch' })
    const crossed = await stage.metric('ingress_mode_mismatches_total')
    const answer = await stage.send(JSON.stringify({ type, ...claim }), deciding)
    expect([answer.status, codeOf(answer)]).toEqual([403, 'call_mismatch'])
    expect(service.calls).toEqual([])
    expect(await metricOf('ingress_alarms_total', { code: 'call_mismatch' })).toBe(before + 1)
    expect(lastLine()).toMatchObject({ level: 'error', reason: 'call_mismatch', detail })
    const isMode = detail === 'mode_mismatch' ? 1 : 0
    expect(await stage.metric('ingress_mode_mismatches_total')).toBe(crossed + isMode)
  })

  it.each([-301, 900])(
    'signed %i s from now is refused, also where events are accepted so',
    async (seconds) => {
      const body = Buffer.from(call)
      const secret = deciding.secrets[0]?.value ?? ''
      const signature = signatureHeader(secret, body, nowSeconds() + seconds)
      const answer = await stage.raw(body, deciding.id, { 'QairoPay-Signature': signature })
      expect([answer.status, codeOf(answer)]).toEqual([425, 'timestamp_out_of_tolerance'])
      expect(service.calls).toEqual([])
    },
  )

  it('that is not signed reaches nobody', async () => {
    const answer = await stage.raw(Buffer.from(call), deciding.id, {
      'QairoPay-Signature': signatureHeader('wrong', Buffer.from(call), nowSeconds()),
    })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_signature'])
    expect(service.calls).toEqual([])
  })

  it('is decided while the queue for Kafka is full, and events of its endpoint are not taken', async () => {
    const unreadable = Buffer.from('no json')
    const waiting = stage.send(unreadable, undecided)
    await eventually(async () => (await stage.metric('ingress_queue_records')) > 0, soon)
    const [decided, event, other] = await Promise.all([
      stage.send(call, deciding),
      stage.send(unreadable, deciding),
      stage.send(unreadable, undecided),
    ])
    expect(decided.status).toBe(200)
    expect([event.status, codeOf(event)]).toEqual([503, 'queue_full'])
    expect([other.status, codeOf(other)]).toEqual([503, 'queue_full'])
    expect((await waiting).status).toBe(503)
  })
})

describe('a decision that cannot be had', () => {
  it.each([
    ['refuses', (r: Parameters<typeof approve>[0]) => r.writeHead(500).end(), 'refused'],
    [
      'redirects',
      (r: Parameters<typeof approve>[0]) =>
        r.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'redirected',
    ],
    ['closes', (r: Parameters<typeof approve>[0]) => r.destroy(), 'unreachable'],
    ['hangs', () => undefined, 'late'],
    [
      'answers too much',
      (r: Parameters<typeof approve>[0]) => r.writeHead(200).end(Buffer.alloc(65_537, 0x20)),
      'too_large',
    ],
  ] as const)(
    'because the service %s is a 503 within the budget, and an alarm',
    async (_w, answering, result) => {
      service.answering = answering
      const alarms = await metricOf('ingress_alarms_total', { code: 'decision_unavailable' })
      const counted = await metricOf('ingress_decisions_total', { result })
      const begun = performance.now()
      const answer = await stage.send(call, deciding)
      expect(performance.now() - begun).toBeLessThan(1500)
      expect([answer.status, codeOf(answer)]).toEqual([503, 'decision_unavailable'])
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      expect(service.calls).toHaveLength(1)
      const now = await metricOf('ingress_alarms_total', { code: 'decision_unavailable' })
      expect(now).toBe(alarms + 1)
      expect(await metricOf('ingress_decisions_total', { result })).toBe(counted + 1)
      expect(lastLine()).toMatchObject({ level: 'error', detail: `decision service: ${result}` })
    },
  )

  it('because too many wait for it is a 503 at once', async () => {
    service.answering = () => undefined
    const calls = Array.from({ length: 10 }, () => stage.send(call, deciding))
    const answers = await Promise.all(calls)
    expect(new Set(answers.map(codeOf))).toEqual(new Set(['decision_unavailable']))
    expect(service.calls).toHaveLength(4)
  })

  it('because its body came slowly is a 503 that asks nobody', async () => {
    const body = Buffer.from(call)
    const signature = signatureHeader(deciding.secrets[0]?.value ?? '', body, nowSeconds())
    const { hostname, port } = new URL(stage.url)
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      let text = ''
      socket.on('error', reject)
      socket.on('data', (chunk) => {
        text += chunk.toString()
      })
      socket.on('close', () => resolve(text))
      socket.write(
        `POST /v1/hooks/${deciding.id} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n` +
          `QairoPay-Signature: ${signature}\r\nContent-Length: ${body.length}\r\n\r\n`,
      )
      setTimeout(() => socket.write(body), BUDGET_MS + 50)
    })
    expect(answer).toMatch(/^HTTP\/1\.1 503 /)
    expect(answer).toContain('decision_unavailable')
    expect(service.calls).toEqual([])
  })
})

it('never shows a word of a call, of its decision or of its signature', async () => {
  const canary = 'canary-of-a-call'
  service.answering = (response) => void response.writeHead(200).end(`"${canary}"`)
  const body = Buffer.from(JSON.stringify({ type, [canary]: canary }))
  const signature = signatureHeader(deciding.secrets[0]?.value ?? '', body, nowSeconds())
  const url = `${stage.url}/v1/hooks/${deciding.id}`
  expect((await post(url, body, { 'QairoPay-Signature': signature })).body).toBe(canary)
  const said = `${stage.logLines.join('')}${await stage.metrics.metrics()}`
  expect(said).toContain('"decided"')
  for (const unsaid of [canary, signature.slice(-64), new URL(service.url).host]) {
    expect(said).not.toContain(unsaid)
  }
})
