import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RecentEvent } from '#ingress/recent-events.ts'
import { RecentEvents } from '#ingress/recent-events.ts'

function event(n: number): RecentEvent {
  return { digest: `sha-${n}`, at: { topic: 't', partition: 0, offset: String(n) } }
}

describe('the memory of acknowledged events', () => {
  it('finds what it was told, with its digest and its place', () => {
    const recent = new RecentEvents(10)
    recent.remember('a', event(1))
    expect(recent.find('a')).toEqual(event(1))
    expect(recent.find('b')).toBeUndefined()
  })

  it('finds the newest half of its capacity always, and never holds more than the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(300), (capacity, count) => {
        const recent = new RecentEvents(capacity)
        for (let i = 0; i < count; i += 1) {
          recent.remember(`evt_${i}`, event(i))
          expect(recent.size).toBeLessThanOrEqual(2 * Math.ceil(capacity / 2))
        }
        for (let i = Math.max(0, count - Math.ceil(capacity / 2)); i < count; i += 1) {
          expect(recent.find(`evt_${i}`), `evt_${i} of ${count}`).toEqual(event(i))
        }
      }),
    )
  })

  it('forgets the oldest, which is harmless', () => {
    const recent = new RecentEvents(4)
    for (let i = 0; i < 7; i += 1) recent.remember(`evt_${i}`, event(i))
    expect(recent.find('evt_0')).toBeUndefined()
    expect(recent.find('evt_6')).toBeDefined()
  })

  it('tells the newer of two of the same key', () => {
    const recent = new RecentEvents(2)
    recent.remember('a', event(1))
    recent.remember('b', event(2))
    recent.remember('a', event(3))
    expect(recent.find('a')).toEqual(event(3))
  })

  it('keeps nothing when that is what was asked for', () => {
    const recent = new RecentEvents(0)
    recent.remember('a', event(1))
    expect([recent.find('a'), recent.size]).toEqual([undefined, 0])
  })

  it('is not confused by names that every object inherits', () => {
    const recent = new RecentEvents(4)
    for (const key of ['__proto__', 'constructor', '']) expect(recent.find(key)).toBeUndefined()
  })
})
