import { describe, expect, it } from 'vitest'
import type { Envelope } from '#core/envelope.ts'
import { parseEnvelope } from '#core/envelope.ts'
import type { EventId } from '#core/ids.ts'
import type { Endpoint } from '#ingress/endpoints.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import type { QuarantineFacts } from '#ingress/records.ts'
import { eventRecord, quarantineRecord, traceparentOf } from '#ingress/records.ts'

const body = Buffer.from('{"secret":"x"}')
const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

function endpoint(): Endpoint {
  const secrets = [{ id: 's1', value: 'x' }]
  const value = { id: 'whk_1', tenant_id: 'tnt_own', live_mode: false, secrets }
  const result = parseEndpoints([{ endpoints: [value] }])
  const found = result.ok ? result.endpoints.get('whk_1') : undefined
  if (found === undefined) throw new Error('refused')
  return found
}

function envelope(): Envelope {
  const result = parseEnvelope({
    id: 'evt_1',
    type: 'card.created',
    created: '2026-05-19T10:14:22.184Z',
    tenant_id: 'tnt_other',
    live_mode: true,
    api_version: '2026-05-19',
    data: {},
  })
  if (!result.ok) throw new Error(result.fault.field)
  return result.envelope
}

const facts: QuarantineFacts = {
  reason: 'tenant_mismatch',
  detail: 'tenant_id',
  id: 'evt_1' as EventId,
  envelope: envelope(),
  receivedAtMs: 1_780_000_000_000,
  signedAt: '1780000000',
  secretId: 's1',
}

describe('the record of an event', () => {
  it('lies under the tenant of its endpoint, with the headers of CloudEvents', () => {
    const value = Buffer.from([0, 0, 0, 0, 7])
    expect(eventRecord(endpoint(), envelope(), 'q.sandbox.card', value, null)).toEqual({
      topic: 'q.sandbox.card',
      partition: endpoint().partition,
      key: 'tnt_own',
      value,
      headers: {
        ce_id: 'evt_1',
        ce_type: 'card.created',
        ce_source: '/qairopay/sandbox/tnt_own',
        ce_specversion: '1.0',
      },
    })
  })

  it('carries the trace of the request when there is one', () => {
    const record = eventRecord(endpoint(), envelope(), 't', body, trace)
    expect(record.headers.traceparent).toBe(trace)
  })
})

describe('a trace context', () => {
  it('is passed on only when it is one', () => {
    expect(traceparentOf(trace)).toBe(trace)
    for (const other of [
      ...[undefined, '', 'x', trace.toUpperCase(), ` ${trace}`, `${trace}-x`, `${trace}\n`],
      ...[trace.slice(1), `${trace},${trace}`],
    ]) {
      expect(traceparentOf(other), JSON.stringify(other)).toBeNull()
    }
  })
})

describe('the record of an event that is set aside', () => {
  it('is the body exactly as signed, under the tenant of the endpoint and not of the body', () => {
    const record = quarantineRecord(endpoint(), 'q.sandbox.quarantine', body, facts)
    expect(record.value).toBe(body)
    expect([record.topic, record.key, record.partition]).toEqual([
      ...['q.sandbox.quarantine', 'tnt_own', endpoint().partition],
    ])
  })

  it('tells in its headers what a release needs', () => {
    expect(quarantineRecord(endpoint(), 't', body, facts).headers).toEqual({
      reason: 'tenant_mismatch',
      detail: 'tenant_id',
      endpoint_id: 'whk_1',
      received_at: '1780000000000',
      signed_at: '1780000000',
      secret_id: 's1',
      ce_id: 'evt_1',
      ce_type: 'card.created',
      api_version: '2026-05-19',
    })
  })

  it('says nothing of an id or a type that could not be read', () => {
    const unread = { ...facts, reason: 'malformed', id: null, envelope: null } as const
    const { headers } = quarantineRecord(endpoint(), 't', body, unread)
    expect(Object.keys(headers)).toEqual([
      ...['reason', 'detail', 'endpoint_id', 'received_at', 'signed_at', 'secret_id'],
    ])
  })
})
