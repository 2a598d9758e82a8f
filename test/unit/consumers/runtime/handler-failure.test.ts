import { describe, expect, it } from 'vitest'
import { HandlerRefusal } from '#consumers/runtime/handler.ts'
import { causeFrom, causeOf, failureVerdict } from '#consumers/runtime/handler-failure.ts'

function sqlError(code: string): Error {
  return Object.assign(new Error('the value "secret" is wrong'), { code })
}

describe('the table of failures', () => {
  it.each([
    ['23505', 'set_aside'], // unique violation
    ['23514', 'set_aside'], // check violation
    ['22003', 'set_aside'], // number out of range
    ['54000', 'set_aside'],
    ['57014', 'park'], // statement time-out
    ['55P03', 'park'],
    ['40001', 'batch'], // serialisation failure
    ['40P01', 'batch'], // deadlock
    ['57P01', 'batch'], // shutdown
    ['08006', 'batch'],
    ['53300', 'batch'],
    ['42P01', 'batch'], // a table that is not there: our deployment, not the event
  ] as const)('SQLSTATE %s: %s', (code, verdict) => {
    expect(failureVerdict(sqlError(code))).toBe(verdict)
  })

  it('takes other systems that are away for the environment', () => {
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    expect(failureVerdict(new TypeError('fetch failed', { cause }))).toBe('batch')
  })

  it('parks for what nobody knows, whatever was thrown', () => {
    for (const thrown of [new TypeError('x'), new Error('y'), 'text', null, undefined, 7]) {
      expect(failureVerdict(thrown)).toBe('park')
    }
  })
})

function failing(): Error {
  return new RangeError('holds a value')
}

describe('a cause', () => {
  it('groups by class, place, type and version, and by nothing else', () => {
    const first = causeOf(failing(), 'card.created', '2026-05-19')
    const second = causeOf(failing(), 'card.created', '2026-05-19')
    expect(second).toEqual(first)
    expect(first).toMatchObject({ errorClass: 'RangeError', eventType: 'card.created' })
    expect(first.place).toContain('failing')
    expect(first.place).toContain('handler-failure.test.ts')
    const others = [
      causeOf(failing(), 'card.shipped', '2026-05-19'),
      causeOf(failing(), 'card.created', '2026-02-01'),
      causeOf(new RangeError('elsewhere'), 'card.created', '2026-05-19'),
      causeOf(new HandlerRefusal('park', 'limit_reached'), 'card.created', '2026-05-19'),
    ]
    const prints = new Set([first, ...others].map(({ fingerprint }) => fingerprint))
    expect(prints.size).toBe(5)
  })

  it('never repeats a message', () => {
    const cause = causeOf(sqlError('23505'), 'card.created', '2026-05-19')
    expect(JSON.stringify(cause)).not.toContain('secret')
    expect(cause.errorClass).toBe('sql 23505')
  })

  it('can be made of anything that was thrown', () => {
    expect(causeOf('text', 'a', 'b')).toMatchObject({ errorClass: 'string', place: 'unknown' })
    expect(causeOf(null, 'a', 'b').fingerprint).toHaveLength(12)
  })

  it('is the same for the same parts', () => {
    const parts = { errorClass: 'a', place: 'b', eventType: 'c', apiVersion: 'd' }
    expect(causeFrom(parts)).toEqual(causeFrom({ ...parts }))
  })
})
