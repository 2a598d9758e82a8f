import { describe, expect, it } from 'vitest'
import { mayBecome, VERSION_STATES, versionAction } from '#core/versions.ts'

const from = ['unknown', ...VERSION_STATES] as const

const lawful = [
  ['unknown', 'draining'],
  ['unknown', 'active'],
  ['draining', 'active'],
  ['active', 'retired'],
  ['retired', 'active'],
]

describe('the life of an API version', () => {
  it.each(from.flatMap((state) => VERSION_STATES.map((to) => [state, to] as const)))(
    'from %s to %s is lawful only as drawn',
    (state, to) => {
      const expected = lawful.some(([one, other]) => one === state && other === to)
      expect(mayBecome(state, to)).toBe(expected)
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
