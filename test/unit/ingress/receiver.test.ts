import { describe, expect, it } from 'vitest'
import type { OutgoingRecord } from '#core/commit.ts'
import { DOMAINS } from '#core/routing.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import type { Identification } from '#ingress/identification.ts'
import type { LimitRefusal } from '#ingress/pressure.ts'
import type { ReceiverOptions } from '#ingress/receiver.ts'
import { Receiver } from '#ingress/receiver.ts'
import { RecentEvents } from '#ingress/recent-events.ts'
import type { VersionRoutes } from '#ingress/routes.ts'
import { compileRoutes } from '#ingress/routes.ts'
import type { VerifiedBody } from '#ingress/signature.ts'
import type { EventEncoder } from '#platform/avro/event-encoder.ts'
import { USUAL_RECEIVER } from './receiver-options.ts'

const EVENT = {
  id: 'evt_1',
  type: 'card.created',
  created: '2026-05-19T10:14:22.184Z',
  tenant_id: 'tnt_1',
  live_mode: false,
  api_version: '2026-05-19',
  data: { memo: 'm'.repeat(5000) },
}

const encoder: EventEncoder = {
  fieldNames: new Set(),
  encode: ({ raw }) => ({
    ok: true,
    value: Buffer.concat([raw]),
    unknownFields: 0,
    ignoredFields: 0,
  }),
}

function endpoint() {
  const secrets = [{ id: 'k1', value: 's' }]
  const entry = { id: 'whk_1', tenant_id: 'tnt_1', live_mode: false, secrets }
  const result = parseEndpoints([{ endpoints: [entry] }])
  const found = result.ok ? result.endpoints.get('whk_1') : undefined
  if (found === undefined) throw new Error('no endpoint')
  return found
}

function verified(body: Buffer): Identification {
  const signature = { name: 'QairoPay-Signature', value: 't=1,v1=0' } as const
  const known = { endpoint: endpoint(), stale: false, signedAt: '1', secretId: 'k1', signature }
  return { kind: 'verified', ...known, body: body as VerifiedBody }
}

class Stage {
  readonly records: OutgoingRecord[] = []
  readonly #receiver: Receiver

  constructor(changes: Partial<ReceiverOptions> = {}) {
    const encoders = Object.fromEntries(DOMAINS.map((domain) => [domain, encoder]))
    const version = { state: 'active', encoders } as VersionRoutes
    const versions = new Map([['2026-05-19', version]])
    const table = { ...compileRoutes([], 'p', () => null), versions }
    this.#receiver = new Receiver({
      ...USUAL_RECEIVER,
      identify: async ({ body }) => verified(body),
      committer: {
        submit: async (record) => {
          this.records.push(record)
          return { kind: 'durable', at: { topic: record.topic, partition: 0, offset: '0' } }
        },
      },
      recent: new RecentEvents(10),
      table: () => table,
      leaseHeld: () => true,
      ...changes,
    })
  }

  /** What became of the webhook, and how much of its body is still held. */
  async receive(event: unknown) {
    const whole = Buffer.from(JSON.stringify(event))
    // As from the socket: a body of its own memory.
    const body = Buffer.allocUnsafeSlow(whole.byteLength)
    whole.copy(body)
    const { outcome } = await this.#receiver.receive({
      endpointId: 'whk_1',
      signatures: [],
      oldSignatures: [],
      traceparent: undefined,
      contentType: undefined,
      arrivedAtMs: 0,
      body,
    })
    return { kind: outcome.kind, held: body.byteLength, whole }
  }
}

function refusing(limit: LimitRefusal): Pick<ReceiverOptions, 'admission'> {
  return { admission: { ofRequest: () => null, ofEvent: () => null, ofWebhook: () => limit } }
}

describe('the memory of a body', () => {
  it('is free once its record is made, which holds it byte for byte', async () => {
    const stage = new Stage()
    const { kind, held, whole } = await stage.receive(EVENT)
    expect([kind, held]).toEqual(['stored', 0])
    expect(stage.records.map(({ value }) => value)).toEqual([whole])
  })

  it.each([
    ['another tenant\u2019s', { ...EVENT, tenant_id: 'tnt_2' }],
    ['of a version that nobody knows', { ...EVENT, api_version: '2030-01-01' }],
    ['malformed', { ...EVENT, created: null }],
  ])('is the record\u2019s own when it is %s and set aside', async (_name, event) => {
    const stage = new Stage()
    const { held, whole } = await stage.receive(event)
    expect(held).toBe(whole.byteLength)
    expect(stage.records.map(({ value }) => value)).toEqual([whole])
  })

  it('is free when nobody signed it, and when there is too much', async () => {
    const code = 'invalid_signature'
    const known = { endpoint: null, secretId: null, limit: null }
    const strange = new Stage({ identify: async () => ({ kind: 'refused', code, ...known }) })
    const crowded = new Stage(refusing({ code: 'tenant_limit', limit: null, retryAfterMs: null }))
    for (const stage of [strange, crowded]) {
      for (const event of [EVENT, { ...EVENT, tenant_id: 'tnt_2' }]) {
        expect(await stage.receive(event)).toMatchObject({ kind: 'refused', held: 0 })
      }
      expect(stage.records).toEqual([])
    }
  })
})
