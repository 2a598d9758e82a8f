import { describe, expect, it } from 'vitest'
import { extentOf } from '#quarantine/extent.ts'

describe('what is looked at of a partition', () => {
  it.each([
    ['the time asked for', { first: 20n, after: 40n }, 20n, 40n],
    ['what retention has left', { first: 0n, after: 40n }, 10n, 40n],
    ['nothing when all is older', { first: 90n, after: 90n }, 90n, 90n],
    ['nothing when clocks went back', { first: 40n, after: 20n }, 40n, 40n],
  ])('is %s', (_what, { first, after }, from, to) => {
    expect(extentOf(3, { low: 10n, high: 90n, first, after })).toEqual({
      partition: 3,
      from,
      to,
      high: 90n,
    })
  })
})
