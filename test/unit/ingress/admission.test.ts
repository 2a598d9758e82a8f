import { describe, expect, it } from 'vitest'
import type { AdmissionLimits } from '#ingress/admission.ts'
import { Admission } from '#ingress/admission.ts'
import type { QueueUse, TenantUse } from '#ingress/pressure.ts'
import { TenantRates } from '#ingress/tenant-rates.ts'

const limits: AdmissionLimits = {
  queueRecords: 1000,
  queueBytes: 1_000_000,
  queueAgeMs: 2000,
  loopMaxLateMs: 500,
  requests: 50,
  shedOrder: ['other', 'pass', 'program', 'card', 'compliance', 'settlement'],
}
const idle: QueueUse = { records: 0, bytes: 0, waitMs: 0 }

interface Situation {
  readonly use?: Partial<QueueUse>
  readonly own?: Partial<TenantUse>
  readonly lateMs?: number
  readonly requests?: number
}

function admission({ use = {}, own = {}, lateMs = 0, requests = 0 }: Situation = {}) {
  return new Admission({
    limits,
    queue: {
      use: () => ({ ...idle, ...use }),
      useOf: () => ({ ...idle, alone: false, ...own }),
    },
    rates: new TenantRates({ perSecond: 2, burst: 2 }),
    lateMs: () => lateMs,
    requests: () => requests,
    now: () => 0,
  })
}

describe('a request', () => {
  it('is refused unread only where nothing can be taken, by the limit that it met', () => {
    expect(admission().ofRequest()).toBe(null)
    const refused = (situation: Situation) => {
      const gate = admission(situation)
      return gate.ofRequest() ?? gate.ofEvent()
    }
    expect(refused({ use: { records: 999 }, lateMs: 499, requests: 49 })).toBe(null)
    const known = { retryAfterMs: null }
    expect(refused({ use: { records: 1000 } })).toEqual({
      code: 'queue_full',
      limit: 'queue_records',
      ...known,
    })
    expect(refused({ lateMs: 500 })).toEqual({ code: 'overloaded', limit: 'event_loop', ...known })
    expect(refused({ requests: 50 })).toEqual({ code: 'overloaded', limit: 'requests', ...known })
  })
})

describe('a full queue', () => {
  it('does not concern what has no use for Kafka', () => {
    expect(admission({ use: { records: 1000 } }).ofRequest()).toBe(null)
  })
})

describe('a verified webhook', () => {
  it('is refused by its tenant’s rate, with the time until the next token', () => {
    const gate = admission()
    expect([gate.ofWebhook('a', 'card', 100), gate.ofWebhook('a', 'card', 100)]).toEqual([
      null,
      null,
    ])
    const refusal = { code: 'tenant_limit', limit: 'tenant_rate', retryAfterMs: 500 }
    expect(gate.ofWebhook('a', 'card', 100)).toEqual(refusal)
    expect(gate.ofWebhook('b', 'card', 100)).toBe(null)
  })

  it('is refused by its tenant’s share before its domain is looked at', () => {
    const gate = admission({ use: { records: 900 }, own: { records: 200 } })
    expect(gate.ofWebhook('a', 'other', 100)).toMatchObject({
      code: 'tenant_limit',
      limit: 'tenant_share',
    })
  })

  it('gives way by domain under pressure, also that of the event loop', () => {
    for (const situation of [{ use: { records: 850 } }, { lateMs: 425 }]) {
      const gate = admission(situation)
      expect(gate.ofWebhook('a', 'pass', 100)).toMatchObject({
        code: 'overloaded',
        limit: 'domain',
      })
      expect(gate.ofWebhook('a', 'settlement', 100)).toBe(null)
    }
  })

  it('costs no token when it is refused for another reason', () => {
    const gate = admission({ use: { records: 850 } })
    for (let n = 0; n < 5; n += 1) gate.ofWebhook('a', 'other', 100)
    expect([gate.ofWebhook('a', 'card', 100), gate.ofWebhook('a', 'card', 100)]).toEqual([
      null,
      null,
    ])
  })

  it('is refused when its own size would bring the queue to where quiet tenants give way', () => {
    const most = 150_000
    const tell = (bytes: number) =>
      admission({ use: { records: 2, bytes }, own: { records: 2, bytes, alone: true } })
    // With its typed copy it is 300 kB of the million.
    expect(tell(440_000).ofWebhook('a', 'settlement', most)).toBe(null)
    expect(tell(460_000).ofWebhook('a', 'settlement', most)).toMatchObject({
      limit: 'tenant_share',
    })
    const others = admission({ use: { records: 2, bytes: 700_000 } })
    expect(others.ofWebhook('b', 'other', most)).toBe(null)
  })
})
