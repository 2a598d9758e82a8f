import { describe, expect, it } from 'vitest'
import { DOMAINS } from '#core/routing.ts'
import { isShed, pressureOf, queueLimit, tenantLimit } from '#ingress/pressure.ts'

const limits = { queueRecords: 1000, queueBytes: 1_000_000, queueAgeMs: 2000 }
const idle = { records: 0, bytes: 0, waitMs: 0 }
const onTime = { lateMs: 0, maxLateMs: 500 }
const order = ['other', 'pass', 'program', 'card', 'compliance', 'settlement'] as const

describe('pressure', () => {
  it.each([
    ['records', { ...idle, records: 800 }, onTime, 0.8],
    ['bytes', { ...idle, bytes: 700_000 }, onTime, 0.7],
    ['the wait for a turn', { ...idle, waitMs: 1800 }, onTime, 0.9],
    ['a late event loop', idle, { lateMs: 400, maxLateMs: 500 }, 0.8],
    ['nothing', idle, onTime, 0],
  ])('comes from %s', (_name, use, loop, expected) => {
    expect(pressureOf(use, limits, loop)).toBe(expected)
  })

  it('is that of the fullest', () => {
    const use = { records: 100, bytes: 950_000, waitMs: 10 }
    expect(pressureOf(use, limits, { lateMs: 100, maxLateMs: 500 })).toBe(0.95)
  })
})

describe('the queue', () => {
  it('is full for everybody from its limits on, and says which', () => {
    expect(queueLimit({ ...idle, records: 999 }, limits)).toBe(null)
    expect(queueLimit({ ...idle, records: 1000 }, limits)).toBe('queue_records')
    expect(queueLimit({ ...idle, bytes: 1_000_000 }, limits)).toBe('queue_bytes')
    expect(queueLimit({ ...idle, waitMs: 2001 }, limits)).toBe('queue_wait')
  })
})

describe('a tenant', () => {
  const has = (records: number, changes = {}) => ({ ...idle, records, alone: false, ...changes })

  it('may have a quarter of the records and of the bytes while others wait', () => {
    expect(tenantLimit(has(249), limits, 0.3, 1)).toBe(null)
    expect(tenantLimit(has(250), limits, 0.3, 1)).toBe('tenant_share')
    expect(tenantLimit(has(1, { bytes: 249_999 }), limits, 0.3, 1)).toBe(null)
    expect(tenantLimit(has(1, { bytes: 250_000 }), limits, 0.3, 1)).toBe('tenant_share')
  })

  it('may have three quarters when it is alone', () => {
    expect(tenantLimit(has(749, { alone: true }), limits, 0.749, 1)).toBe(null)
    expect(tenantLimit(has(750, { alone: true }), limits, 0.75, 1)).toBe('tenant_share')
  })

  it('with little is served long after those with much, before any domain is told apart', () => {
    expect(tenantLimit(has(16), limits, 0.75, 1)).toBe('tenant_share')
    expect(tenantLimit(has(15), limits, 0.99, 1)).toBe(null)
    expect(order.filter((domain) => isShed(domain, 0.75, order))).toEqual([])
  })

  it('that has nothing in the queue is never told that it has too much', () => {
    const tiny = { queueRecords: 1, queueBytes: 1, queueAgeMs: 1 }
    expect(tenantLimit(has(0), tiny, 5, 1)).toBe(null)
  })

  it('whose own line has grown too old has to wait, though nobody else does', () => {
    expect(tenantLimit(has(10, { waitMs: 2000 }), limits, 0.1, 1)).toBe(null)
    expect(tenantLimit(has(10, { waitMs: 2001 }), limits, 0.1, 1)).toBe('tenant_wait')
  })
})

describe('domains', () => {
  const shedAt = (pressure: number) => order.filter((domain) => isShed(domain, pressure, order))

  it('give way one after another, settlement and compliance last', () => {
    const steps = Array.from({ length: 101 }, (_, n) => shedAt(n / 100).length)
    expect(steps.slice(0, 79).every((count) => count === 0)).toBe(true)
    expect(new Set(steps)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]))
    expect(steps).toEqual(steps.toSorted((a, b) => a - b))
    expect(shedAt(0.93)).toEqual(['other', 'pass', 'program', 'card', 'compliance'])
    expect(shedAt(0.95)).not.toContain('settlement')
  })

  it('all give way only when the queue is as good as full', () => {
    expect(shedAt(0.97)).toEqual(order)
  })

  it('go in the order that is set', () => {
    const reversed = order.toReversed()
    expect(isShed('settlement', 0.8, reversed)).toBe(true)
    expect(isShed('other', 0.8, reversed)).toBe(false)
    expect(new Set(order)).toEqual(new Set(DOMAINS))
  })
})
