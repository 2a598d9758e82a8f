import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import type { TraceSpan, Tracing } from '#platform/traces.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { HttpAnswer } from './stage.ts'
import { IngressStage, newEndpoint, nowSeconds, post, sampleFor, ulid } from './stage.ts'

type Line = Readonly<Record<string, unknown>>

const enabled = newEndpoint()
const disabled = newEndpoint({ enabled: false })
const removed = newEndpoint({ removed: true })

function linesOf({ logLines }: IngressStage, from: number): readonly Line[] {
  return logLines.slice(from).map((line) => JSON.parse(line))
}

/** The lines about requests that this wrote, and its answer. */
async function linesAbout<Given>(stage: IngressStage, act: () => Promise<Given>) {
  const from = stage.logLines.length
  const given = await act()
  const lines = linesOf(stage, from).filter(({ event }) => String(event).startsWith('webhook.'))
  return { given, lines }
}

function signed(secret: string, body: string, at = nowSeconds()) {
  return { 'QairoPay-Signature': signatureHeader(secret, Buffer.from(body), at) }
}

function exchange(stage: IngressStage, bytes: string): Promise<void> {
  const { port, hostname } = new URL(stage.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(bytes))
    socket.on('error', reject).on('close', () => resolve())
    socket.resume()
  })
}

interface Case {
  readonly act: (stage: IngressStage) => Promise<unknown>
  readonly line: Line
  /** Whether QairoPay signed it, so that everything about it may be told. */
  readonly verified?: true
}

const id = `evt_${ulid()}`
const secret = enabled.secrets[0]?.value ?? ''
const event = (changes: Line = {}) => sampleFor(enabled, undefined, undefined, changes)

const CASES: Readonly<Record<string, Case>> = {
  'the same event again': {
    act: async (stage) => {
      const body = await event()
      await stage.send(body)
      await stage.send(body)
    },
    line: { level: 'info', outcome: 'duplicate', reason: '', status: 200 },
    verified: true,
  },
  'another body under an acknowledged id': {
    act: async (stage) => {
      await stage.send(await event({ id }))
      await stage.send(await event({ id, attempt: 2 }))
    },
    line: { level: 'error', outcome: 'set_aside', reason: 'id_conflict', status: 202 },
    verified: true,
  },
  'a version that nobody registered': {
    act: async (stage) => await stage.send(await event({ api_version: '2031-02-03' })),
    line: { level: 'info', outcome: 'set_aside', reason: 'unknown_version', status: 202 },
    verified: true,
  },
  'signed bytes that are no JSON': {
    act: (stage) => stage.send('no json'),
    line: { level: 'info', outcome: 'set_aside', reason: 'malformed', status: 202 },
  },
  'a signature of an hour ago': {
    act: async (stage) => {
      const body = await event()
      const headers = signed(secret, body, nowSeconds() - 3600)
      await stage.raw(Buffer.from(body), enabled.id, headers)
    },
    line: { level: 'info', outcome: 'set_aside', reason: 'stale_signature', status: 202 },
    verified: true,
  },
  'an event of another tenant': {
    act: async (stage) => await stage.send(await event({ tenant_id: `tnt_${ulid()}` })),
    line: { level: 'error', outcome: 'denied', reason: 'tenant_mismatch', status: 403 },
    verified: true,
  },
  'an event of another mode': {
    act: async (stage) => await stage.send(await event({ live_mode: true })),
    line: { level: 'error', outcome: 'denied', reason: 'mode_mismatch', status: 403 },
    verified: true,
  },
  'a wrong signature': {
    act: (stage) => stage.raw(Buffer.from('{}'), enabled.id, signed('wrong', '{}')),
    line: { level: 'info', outcome: 'refused', reason: 'invalid_signature', status: 400 },
  },
  'no signature': {
    act: (stage) => stage.raw(Buffer.from('{}'), enabled.id, {}),
    line: {
      ...{ level: 'info', outcome: 'refused', reason: 'malformed_header', status: 400 },
      endpoint_id: enabled.id,
    },
  },
  'a disabled endpoint': {
    act: (stage) => stage.raw(Buffer.from('{}'), disabled.id, signed('any', '{}')),
    line: { level: 'info', outcome: 'refused', reason: 'endpoint_disabled', status: 503 },
  },
  'a removed endpoint': {
    act: (stage) => stage.raw(Buffer.from('{}'), removed.id, signed('any', '{}')),
    line: { level: 'info', outcome: 'refused', reason: 'endpoint_removed', status: 410 },
  },
  'an endpoint that nobody knows': {
    act: (stage) => stage.raw(Buffer.from('{}'), 'nobody', signed('any', '{}')),
    line: {
      ...{ level: 'info', outcome: 'refused', reason: 'unknown_endpoint', status: 404 },
      endpoint_id: null,
    },
  },
  'a body that is too large': {
    act: (stage) => stage.raw(Buffer.alloc(1024 * 1024 + 1), enabled.id, {}),
    line: {
      ...{ level: 'error', outcome: 'refused', reason: 'body_too_large', status: 413 },
      endpoint_id: enabled.id,
    },
  },
  'a path that leads nowhere': {
    act: (stage) => post(`${stage.url}/elsewhere`, Buffer.from(''), {}),
    line: { level: 'info', outcome: 'refused', reason: 'not_found', status: 404 },
  },
  'another method': {
    act: (stage) => post(`${stage.url}/v1/hooks/x`, Buffer.from(''), {}, 'PUT'),
    line: { level: 'info', outcome: 'refused', reason: 'method_not_allowed', status: 405 },
  },
  'bytes that are no HTTP': {
    act: (stage) => exchange(stage, 'nonsense\r\n\r\n'),
    line: { level: 'info', outcome: 'refused', reason: 'bad_request', status: 400 },
  },
}

describe('at the level info', () => {
  let stage: IngressStage

  beforeAll(async () => {
    stage = await IngressStage.set({ endpoints: [enabled, disabled, removed], level: 'info' })
    const fresh = async () => (await stage.metric('ingress_catalogue_lease_held')) === 1
    await eventually(fresh, { withinMs: 30_000 })
  })

  afterAll(async () => {
    await stage.stop()
  })

  it('an event that is stored as usual has no line', async () => {
    const { given, lines } = await linesAbout(stage, async () => await stage.send(await event()))
    expect([given.status, lines]).toEqual([200, []])
  })

  it.each(Object.entries(CASES))('%s has exactly one', async (_, { act, line, verified }) => {
    const { lines } = await linesAbout(stage, () => act(stage))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      ...line,
      event: 'webhook.received',
      request_id: expect.stringMatching(/^req_/),
      duration_ms: expect.any(Number),
    })
    if (verified !== true) return
    expect(lines[0]).toMatchObject({
      endpoint_id: enabled.id,
      tenant_id: enabled.tenant_id,
      mode: 'sandbox',
      secret_id: 'k1',
      event_id: expect.stringMatching(/^evt_/),
      event_type: 'card.transaction.authorized',
      topic: expect.any(String),
      offset: expect.any(String),
    })
  })

  it('a flood of what anybody can send is cut, hides nothing else, and is counted whole', async () => {
    const flood = 400
    const counted = await stage.metric('ingress_webhooks_total')
    const { lines } = await linesAbout(stage, async () => {
      for (let i = 0; i < flood; i += 1) {
        await post(`${stage.url}/flood`, Buffer.from(''), {})
      }
      await stage.raw(Buffer.from('{}'), enabled.id, {})
    })
    const flooding = lines.filter(({ reason }) => reason === 'not_found')
    expect(flooding.length).toBeGreaterThanOrEqual(99)
    expect(flooding.length).toBeLessThan(flood / 2)
    expect(lines.filter(({ reason }) => reason === 'malformed_header')).toHaveLength(1)
    expect((await stage.metric('ingress_webhooks_total')) - counted).toBe(flood + 1)
  })

  it('no figure names who sent what', async () => {
    const text = await stage.metrics.metrics()
    for (const { id: endpoint, tenant_id: tenant } of stage.endpoints) {
      expect(text).not.toContain(endpoint)
      expect(text).not.toContain(tenant)
    }
    expect(text).not.toMatch(/evt_|whk_|tnt_|req_/)
  })
})

/** Traces whose part breaks as a bug of ours would, where it is told to. */
class BrokenTracing implements Tracing {
  broken: 'begin' | 'traceparent' | null = null

  begin(): TraceSpan {
    if (this.broken === 'begin') throw new RangeError('canary of begin')
    const where = this.broken
    return {
      get traceparent(): string {
        if (where === 'traceparent') throw new TypeError('canary of traceparent')
        return `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`
      },
      child: () => undefined,
      end: () => undefined,
    }
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }
}

describe('a part of ours that breaks', () => {
  it.each([
    ['begin', 'before the body is read', 'RangeError'],
    ['traceparent', 'while the event is handled', 'TypeError'],
  ] as const)('in %s, %s: 500, an alarm, and its place in the log', async (where, _, error) => {
    const tracing = new BrokenTracing()
    const stage = await IngressStage.set({ level: 'info', tracing })
    onTestFinished(() => stage.stop())
    const body = await sampleFor(stage.endpoint)
    tracing.broken = where
    const { given, lines } = await linesAbout(stage, () => stage.send(body))
    const { code, message, request_id } = (given as HttpAnswer).body.error as Line
    expect([given.status, code]).toEqual([500, 'internal'])
    expect(message).toBe('An unexpected error. Send again later.')
    expect(lines).toMatchObject([
      {
        level: 'error',
        event: 'webhook.surprise',
        request_id,
        error,
        error_place: expect.stringMatching(/^lines\.test\.ts:\d+:\d+\)?$/),
      },
      { level: 'error', event: 'webhook.received', request_id, reason: 'internal', status: 500 },
    ])
    expect(await stage.metric('ingress_alarms_total')).toBe(1)
    expect(JSON.stringify([given.body, lines])).not.toContain('canary')
    tracing.broken = null
    expect((await stage.send(body)).status).toBe(200)
    expect(stage.problems()).toEqual([])
  })
})
