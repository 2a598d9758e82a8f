import { describe, expect, it } from 'vitest'
import { rotationAdvice } from '#cli/rotation-advice.ts'
import type { SecretEntry } from '#ingress/endpoint-entry.ts'
import type { SecretUse } from '#ingress/secret-usage.ts'

const NOW = Date.parse('2026-05-19T12:00:00Z')
const DAY = 86_400_000

function ago(days: number): number {
  return NOW - days * DAY
}

function use(matched: number, firstDaysAgo: number, lastDaysAgo: number): SecretUse {
  return { matched, firstAtMs: ago(firstDaysAgo), lastAtMs: ago(lastDaysAgo) }
}

const old: SecretEntry = { id: 'k1', value: 'x', sinceMs: null, notAfterMs: null }
const next: SecretEntry = { id: 'k2', value: 'y', sinceMs: ago(20), notAfterMs: null }

type Uses = Readonly<Record<string, readonly SecretUse[]>>

function adviceOn(
  id: string,
  uses: Uses,
  secrets = [old, next],
  recordedSinceMs: number | null = ago(400),
) {
  const all = rotationAdvice({ secrets }, (secret) => uses[secret] ?? [], recordedSinceMs, NOW)
  return all.find((each) => each.id === id)
}

describe('whether an old secret may be retired', () => {
  it('is told with the figures that say so, summed over all processes', () => {
    const advice = adviceOn('k1', {
      k1: [use(40, 300, 8), use(2, 100, 9)],
      k2: [use(1000, 10, 0), use(204, 9, 0.5)],
    })
    expect(advice).toEqual({
      id: 'k1',
      usable: true,
      matched: 42,
      lastAtMs: ago(8),
      safeToRetire: true,
      words: 'k1 has not matched for 8 days while k2 matched 1,204 times: safe to retire',
    })
  })

  it.each([
    ['it matched within the time in which events are sent again', { k1: [use(9, 9, 2)] }],
    ['it matched exactly seven days ago', { k1: [use(9, 9, 7)] }],
  ])('is denied while %s', (_why, uses) => {
    const advice = adviceOn('k1', { k2: [use(5, 10, 0)], ...uses })
    expect(advice?.safeToRetire).toBe(false)
    expect(advice?.words).toMatch(/it matched \d days ago, and events are sent again for 7 days/)
  })

  it('is denied while the new one never matched', () => {
    const advice = adviceOn('k1', { k1: [use(9, 30, 20)] })
    expect(advice).toMatchObject({
      safeToRetire: false,
      words: expect.stringMatching(/k2 has not/),
    })
  })

  it('is denied when nothing matched since, for then nobody knows', () => {
    const advice = adviceOn('k1', { k1: [use(9, 30, 9)], k2: [use(1, 10, 10)] })
    expect(advice?.words).toMatch(/nothing has matched since/)
    expect(advice?.safeToRetire).toBe(false)
  })

  it('is denied when no match of it is recorded, but records do not go back far enough', () => {
    const advice = adviceOn('k1', { k2: [use(9, 3, 0)] })
    expect(advice?.safeToRetire).toBe(false)
    expect(advice?.words).toMatch(/records go back 3 days only; safe after 2026-05-23 12:00 UTC/)
    expect(adviceOn('k1', { k2: [use(9, 8, 0)] })?.safeToRetire).toBe(true)
  })

  it('takes matches under the id from before the new secret was there for those of another', () => {
    const uses = { k1: [use(9, 40, 10)], k2: [use(500, 30, 0)] }
    expect(adviceOn('k1', uses)).toMatchObject({
      safeToRetire: false,
      words: 'keep k1: k2 has not matched yet',
    })
  })

  it('is denied while nobody writes down what matches, whatever was written before', () => {
    const uses = { k1: [use(40, 300, 30)], k2: [use(1000, 10, 0)] }
    expect(adviceOn('k1', uses)?.safeToRetire).toBe(true)
    for (const id of ['k1', 'k2']) {
      expect(adviceOn(id, uses, [old, next], null)).toMatchObject({
        safeToRetire: false,
        words: `keep ${id}: no ingress writes down what matches, so nobody knows whether it does`,
      })
    }
  })

  it('counts silence only from the end of the last gap in the records', () => {
    const uses = { k1: [use(40, 300, 30)], k2: [use(1000, 10, 0)] }
    const advice = adviceOn('k1', uses, [old, next], ago(3))
    expect(advice?.safeToRetire).toBe(false)
    expect(advice?.words).toMatch(/records go back 3 days only; safe after 2026-05-23 12:00 UTC/)
  })

  it('is never so for the newest, nor for the only usable one', () => {
    const uses = { k1: [use(9, 40, 10)], k2: [use(500, 19, 10)] }
    expect(adviceOn('k2', uses)).toMatchObject({
      safeToRetire: false,
      words: 'keep k2: the newest',
    })
    const ended = { ...next, notAfterMs: NOW }
    expect(adviceOn('k1', uses, [old, ended])).toMatchObject({
      safeToRetire: false,
      words: 'keep k1: the only usable one',
    })
  })

  it('is compared with the newest that matched, not with one that is only prepared', () => {
    const prepared = { ...next, id: 'k3', sinceMs: ago(1) }
    const uses = { k1: [use(9, 40, 10)], k2: [use(500, 19, 0)] }
    expect(adviceOn('k1', uses, [old, next, prepared])?.safeToRetire).toBe(true)
  })
})

describe('an expired secret', () => {
  const ended = { ...old, notAfterMs: ago(5) }

  it('that events still come signed with is shouted about', () => {
    const advice = adviceOn('k1', { k1: [use(9, 40, 0.01)] }, [ended, next])
    expect(advice).toMatchObject({ usable: false, safeToRetire: false })
    expect(advice?.words).toMatch(/14 minutes ago and was answered 503/)
  })

  it('is safe to retire when nothing came for longer than events are sent again', () => {
    expect(adviceOn('k1', { k1: [use(9, 40, 8)] }, [ended, next])?.safeToRetire).toBe(true)
    expect(adviceOn('k1', { k1: [use(9, 40, 6)] }, [ended, next])?.safeToRetire).toBe(false)
    expect(adviceOn('k1', {}, [ended, next])?.safeToRetire).toBe(true)
    const fresh = adviceOn('k1', {}, [ended, next], ago(1))
    expect(fresh).toMatchObject({
      safeToRetire: false,
      words: expect.stringMatching(/^k1 has expired; records go back 1 day only; safe after/),
    })
    expect(adviceOn('k1', {}, [ended, next], null)?.safeToRetire).toBe(false)
  })
})
