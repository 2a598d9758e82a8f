import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import type { LogRecord } from '../../fixtures/log-reader.ts'
import type { HttpAnswer } from './stage.ts'
import { IngressStage, newEndpoint, nowSeconds, sampleFor, ulid } from './stage.ts'

const sandbox = newEndpoint()
const live = newEndpoint({ live_mode: true })
const disabled = newEndpoint({ enabled: false })
const removed = newEndpoint({ removed: true })
const rotated = newEndpoint({
  secrets: [
    { id: 'old', value: `old_${ulid()}` },
    { id: 'new', value: `new_${ulid()}` },
  ],
})

let stage: IngressStage

beforeAll(async () => {
  stage = await IngressStage.set({ endpoints: [sandbox, live, disabled, removed, rotated] })
})

afterAll(async () => {
  await stage.stop()
})

const MIB = 1024 * 1024

/** So many copies of a JSON value that they nearly fill a body. */
function manyOf(json: string): readonly unknown[] {
  const count = Math.floor((MIB - 1500) / (json.length + 1))
  return Array.from({ length: count }, () => JSON.parse(json))
}

function codeOf({ body }: HttpAnswer): unknown {
  return (body.error as { code?: unknown } | undefined)?.code
}

/** Where the record of an answer really lies, read back by another client. */
async function recordAt(
  { at }: Pick<HttpAnswer, 'at'>,
  domain: Parameters<IngressStage['records']>[0],
) {
  const mode = at?.topic.includes('.live.') ? 'live' : 'sandbox'
  return recordOf(await stage.records(domain, mode), { at })
}

function recordOf(records: readonly LogRecord[], answer: Pick<HttpAnswer, 'at'> | undefined) {
  const at = answer?.at
  return records.find(
    ({ partition, offset }) => partition === at?.partition && String(offset) === at.offset,
  )
}

describe('a signed event', () => {
  it('is answered 200 once it is durable, exactly where the answer says', async () => {
    const body = await sampleFor(sandbox)
    const answer = await stage.send(body)
    const { id } = JSON.parse(body)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ received: true, id })
    expect(answer.at?.topic).toBe(stage.topic('card'))
    const record = await recordAt(answer, 'card')
    expect(record?.key).toBe(sandbox.tenant_id)
    expect(record?.headers).toEqual({
      ce_id: id,
      ce_type: 'card.transaction.authorized',
      ce_source: `/qairopay/sandbox/${sandbox.tenant_id}`,
      ce_specversion: '1.0',
    })
    expect(record?.value?.includes(body)).toBe(true)
  })

  it('of live mode goes to the live topic', async () => {
    const answer = await stage.send(await sampleFor(live), live)
    expect(answer.status).toBe(200)
    expect(answer.at?.topic).toBe(stage.topic('card', 'live'))
  })

  it('carries a trace context on, and nothing that is none', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const traced = await stage.send(await sampleFor(sandbox), sandbox, { traceparent })
    expect((await recordAt(traced, 'card'))?.headers.traceparent).toBe(traceparent)
    const odd = await stage.send(await sampleFor(sandbox), sandbox, { traceparent: 'x'.repeat(55) })
    expect((await recordAt(odd, 'card'))?.headers.traceparent).toBeUndefined()
  })

  it.each([
    'application/json; charset',
    'nonsense',
    '',
    'text/plain',
    ';;;',
    'application/json;x="',
  ])('is taken with the content type %j', async (type) => {
    const answer = await stage.send(await sampleFor(sandbox), sandbox, { 'content-type': type })
    expect(answer.status).toBe(200)
  })

  it('of a family that nobody knows goes to the topic other', async () => {
    const body = await sampleFor(sandbox, undefined, undefined, { type: 'refund.created' })
    const answer = await stage.send(body)
    expect(answer.status).toBe(200)
    expect(answer.at?.topic).toBe(stage.topic('other'))
  })

  it('of a new type of a known family goes to its domain', async () => {
    const body = await sampleFor(sandbox, undefined, undefined, { type: 'card.reissued' })
    const answer = await stage.send(body)
    expect(answer.status).toBe(200)
    expect(answer.at?.topic).toBe(stage.topic('card'))
  })

  it.each([
    ['settlement.completed', (room: string) => ({ settlement: { id: 'set_1', status: room } })],
    ['settlement.completed', () => ({ settlement: { id: 'set_1', lines: manyOf('{}') } })],
    ['pass_template.created', () => ({ pass_template: { id: 'tpl_1', fields: manyOf('{}') } })],
    ['pass.created', (room: string) => ({ pass: { id: 'pass_1' }, note: room })],
  ] as const)('of 1 MiB is durable whatever fills it: %s', async (type, dataOf) => {
    const base = JSON.parse(await sampleFor(sandbox, type))
    const room = MIB - JSON.stringify({ ...base, data: dataOf('') }).length
    const body = JSON.stringify({ ...base, data: dataOf('x'.repeat(Math.max(0, room))) })
    expect(Math.abs(MIB - body.length)).toBeLessThan(2000)
    const answer = await stage.send(body)
    expect([answer.status, answer.body]).toEqual([200, { received: true, id: base.id }])
  })

  it('may carry keys that the envelope does not know', async () => {
    const body = await sampleFor(sandbox, undefined, undefined, { attempt: 3 })
    expect((await stage.send(body)).status).toBe(200)
  })
})

describe('a duplicate', () => {
  it('of an acknowledged event is answered 200 and not written again', async () => {
    const body = await sampleFor(sandbox)
    const first = await stage.send(body)
    const second = await stage.send(body)
    expect(second.status).toBe(200)
    expect(second.body).toEqual({ received: true, id: JSON.parse(body).id, duplicate: true })
    expect(second.at).toEqual(first.at)
  })

  it('that comes while the first is on its way joins its outcome', async () => {
    const body = await sampleFor(sandbox)
    const answers = await Promise.all(Array.from({ length: 9 }, () => stage.send(body)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 9 }, () => 200))
    expect(new Set(answers.map(({ at }) => JSON.stringify(at))).size).toBe(1)
    expect(answers.filter(({ body: { duplicate } }) => duplicate === undefined)).toHaveLength(1)
  })

  it('with another body is set aside as a conflict, and an alarm', async () => {
    const body = await sampleFor(sandbox)
    await stage.send(body)
    const before = await stage.metric('ingress_alarms_total')
    const answer = await stage.send(body.replace('"type"', ' "type"'))
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({ received: true, set_aside: 'id_conflict' })
    expect(await stage.metric('ingress_alarms_total')).toBe(before + 1)
  })
})

describe('a signature', () => {
  it('of either secret is accepted during a rotation, alone or beside another', async () => {
    const [old, fresh] = rotated.secrets
    for (const secret of [old?.value ?? '', fresh?.value ?? '']) {
      const body = Buffer.from(await sampleFor(rotated))
      const good = signatureHeader(secret, body, nowSeconds())
      const [t = '', v1 = ''] = good.split(',')
      const header = `${t},v1=${'0'.repeat(64)},${v1}`
      const answer = await stage.raw(body, rotated.id, { 'QairoPay-Signature': header })
      expect(answer.status).toBe(200)
    }
  })
})

describe('a signed body that cannot be routed', () => {
  const wrong: readonly (readonly [string, string | Uint8Array, string])[] = [
    ['is not JSON', 'no json', 'malformed'],
    ['is empty', '', 'malformed'],
    ['is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'malformed'],
    ['is gzip', gzipSync('{}'), 'malformed'],
    ['is an array', '[]', 'malformed'],
    ['lacks its envelope', '{"id":"evt_1"}', 'malformed'],
    ['is nested too deeply', `{"a":${'['.repeat(80)}${']'.repeat(80)}}`, 'malformed'],
    ['repeats a top-level key', '{"id":"evt_1","\\u0069d":"evt_2"}', 'malformed'],
  ]

  it('because of its bytes is set aside byte for byte', async () => {
    const answers = await Promise.all(wrong.map(([, body]) => stage.send(body)))
    const records = await stage.records('quarantine')
    for (const [i, [name, body, reason]] of wrong.entries()) {
      const answer = answers[i]
      expect([name, answer?.status, answer?.body.set_aside]).toEqual([name, 202, reason])
      const record = recordOf(records, answer)
      expect([name, record?.headers.reason]).toEqual([name, reason])
      expect(record?.key).toBe(sandbox.tenant_id)
      expect(record?.value ?? Buffer.alloc(0)).toEqual(Buffer.from(body as string))
    }
  })

  it('because its version is unknown is set aside with all that a release needs', async () => {
    const body = await sampleFor(sandbox, undefined, undefined, { api_version: '2031-01-01' })
    const answer = await stage.send(body)
    expect([answer.status, answer.body.set_aside]).toEqual([202, 'unknown_version'])
    const record = await recordAt(answer, 'quarantine')
    expect(record?.headers).toMatchObject({
      reason: 'unknown_version',
      endpoint_id: sandbox.id,
      api_version: '2031-01-01',
      ce_id: JSON.parse(body).id,
      ce_type: 'card.transaction.authorized',
      secret_id: 'k1',
      received_at: expect.stringMatching(/^\d{13}$/),
      signed_at: expect.stringMatching(/^\d{10}$/),
    })
  })

  it('because a printed field has another type is set aside with the name of the field', async () => {
    const text = await sampleFor(sandbox)
    const event = JSON.parse(text)
    event.data.transaction.id = 17
    const answer = await stage.send(JSON.stringify(event))
    expect([answer.status, answer.body.set_aside]).toEqual([202, 'schema_mismatch'])
    const record = await recordAt(answer, 'quarantine')
    expect(record?.headers.detail).toBe('data.transaction.id: string')
  })

  it('because it names another tenant is denied, and kept under the tenant of the endpoint', async () => {
    const body = await sampleFor(sandbox, undefined, undefined, { tenant_id: live.tenant_id })
    const answer = await stage.send(body)
    expect([answer.status, codeOf(answer)]).toEqual([403, 'tenant_mismatch'])
    const record = await recordAt(answer, 'quarantine')
    expect([record?.key, record?.headers.reason]).toEqual([sandbox.tenant_id, 'tenant_mismatch'])
  })

  it('because it names the other mode is denied, and stays in the mode of the endpoint', async () => {
    const body = await sampleFor(sandbox, undefined, undefined, { live_mode: true })
    const answer = await stage.send(body)
    expect([answer.status, codeOf(answer)]).toEqual([403, 'mode_mismatch'])
    expect(answer.at?.topic).toBe(stage.topic('quarantine', 'sandbox'))
  })
})

it('keeps every byte of the bodies it took, under the digest that was sent', async () => {
  const bodies = await Promise.all(
    Array.from({ length: 50 }, () => sampleFor(sandbox, 'pass.updated')),
  )
  const answers = await Promise.all(bodies.map((body) => stage.send(body)))
  const records = await stage.records('pass')
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  for (const [i, answer] of answers.entries()) {
    const record = recordOf(records, answer)
    const sent = Buffer.from(bodies[i] ?? '')
    // `raw` is the last field of every record.
    const raw = record?.value?.subarray(-sent.length) ?? Buffer.alloc(0)
    expect(digest(raw)).toBe(digest(sent))
  }
})
