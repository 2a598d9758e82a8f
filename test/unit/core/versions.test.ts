import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VersionState } from '#core/versions.ts'
import { firstState, keptState, mayBecome, VERSION_STATES, versionAction } from '#core/versions.ts'

const lawful = [
  ['unknown', 'draining'],
  ['draining', 'active'],
  ['active', 'retired'],
  ['retired', 'active'],
]

/** What a version goes through when somebody tries any changes one after another. */
function lived(tried: readonly VersionState[]): readonly VersionState[] {
  const states: VersionState[] = ['unknown']
  for (const to of tried) {
    const now = states.at(-1) ?? 'unknown'
    if (mayBecome(now, to)) states.push(to)
  }
  return states
}

const anyLife = fc.array(fc.constantFrom(...VERSION_STATES), { maxLength: 30 }).map(lived)
const ROUTING = new Set<VersionState>(['active', 'retired'])

describe('the life of an API version', () => {
  it.each(VERSION_STATES.flatMap((state) => VERSION_STATES.map((to) => [state, to] as const)))(
    'from %s to %s is lawful only as drawn',
    (state, to) => {
      const expected = lawful.some(([one, other]) => one === state && other === to)
      expect(mayBecome(state, to)).toBe(expected)
    },
  )

  it('never comes back to unknown: what is routed is never set aside again', () => {
    fc.assert(
      fc.property(anyLife, (states) => {
        expect(states.lastIndexOf('unknown')).toBe(0)
        const first = states.findIndex((state) => ROUTING.has(state))
        if (first >= 0) {
          expect(states.slice(first).every((state) => ROUTING.has(state))).toBe(true)
        }
      }),
    )
  })

  it('is draining at most once, and then active', () => {
    fc.assert(
      fc.property(anyLife, (states) => {
        const at = states.indexOf('draining')
        expect(states.filter((state) => state === 'draining').length).toBeLessThanOrEqual(1)
        if (at >= 0 && at < states.length - 1) expect(states[at + 1]).toBe('active')
      }),
    )
  })

  it('is retired only after it was active', () => {
    fc.assert(
      fc.property(anyLife, (states) => {
        const retired = states.indexOf('retired')
        if (retired >= 0) expect(states[retired - 1]).toBe('active')
      }),
    )
  })

  it('begins as active only where no ingress can have set anything aside', () => {
    expect([firstState(true), firstState(false)]).toEqual(['active', 'unknown'])
  })
})

describe('a state written from an older reading', () => {
  it.each(VERSION_STATES.flatMap((state) => VERSION_STATES.map((to) => [state, to] as const)))(
    'of %s, %s takes nothing back',
    (state, to) => {
      const isRouted = ROUTING.has(state)
      const isBack = isRouted ? !ROUTING.has(to) : state === 'draining' && to === 'unknown'
      expect(keptState(state, to)).toBe(isBack ? state : to)
    },
  )
})

describe('what the ingress does with an event of a version', () => {
  it.each([
    ['unknown', true, 'set_aside'],
    ['unknown', false, 'retry'],
    ['draining', true, 'retry'],
    ['draining', false, 'retry'],
    ['active', true, 'route'],
    ['active', false, 'route'],
    ['retired', true, 'route'],
    ['retired', false, 'route'],
  ] as const)('that is %s, lease held: %s, is %s', (state, leaseHeld, action) => {
    expect(versionAction(state, leaseHeld)).toBe(action)
  })
})
