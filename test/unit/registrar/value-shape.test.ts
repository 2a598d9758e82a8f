import { describe, expect, it } from 'vitest'
import { valueKind, valueShape } from '#registrar/value-shape.ts'

const KNOWN = new Set(['amount', 'currency'])

describe('the shape of a value', () => {
  it.each([
    ['4111111111111111', 'string of 16, a whole number'],
    ['12.50', 'string of 5, a decimal number'],
    ['2026-05-19T08:00:00Z', 'string of 20, an instant'],
    ['2026-05-19', 'string of 10, a date'],
    ['Ada Lovelace', 'string of 12'],
    ['', 'string of 0, empty'],
    ['{"a":1}', 'string of 7, JSON'],
    ['\ud800', 'text that is no UTF-8'],
    [-1234, 'integer, 4 digits'],
    [9_223_372_036_854_775_807n, 'integer, 19 digits'],
    [9_223_372_036_854_775_808n, 'integer beyond 64 bits, 19 digits'],
    [1e30, 'integer beyond 64 bits, 31 digits'],
    [0.5, 'number with a fraction'],
    [true, 'boolean'],
    [null, 'null'],
    [[], 'list without items'],
    [['a', 1, 'b'], 'list of 3: string, integer'],
    [{}, 'object without fields'],
    [{ amount: 1, 'ada@example.com': 2, currency: 3 }, 'object of amount, (masked), currency'],
  ])('is the type and form of a value, never the value (%#)', (value, shape) => {
    expect(valueShape(value, KNOWN)).toBe(shape)
  })

  it('tells numbers apart as a long does', () => {
    expect([2 ** 53, -(2 ** 63), 2 ** 63, 1.5].map(valueKind)).toEqual([
      'integer',
      'integer',
      'integer beyond 64 bits',
      'number with a fraction',
    ])
  })
})
