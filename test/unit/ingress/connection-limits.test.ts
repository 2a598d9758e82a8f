import { expect, it } from 'vitest'
import { yielding } from '#ingress/connection-limits.ts'

it('a silent connection gives way first, then half a head, then a sender at rest, a request in hand never', () => {
  expect(yielding(0, { requests: 0, bytesAtRest: 0 })).toBe(0)
  expect(yielding(10, { requests: 0, bytesAtRest: 0 })).toBe(1)
  expect(yielding(310, { requests: 0, bytesAtRest: 300 })).toBe(1)
  expect(yielding(300, { requests: 0, bytesAtRest: 300 })).toBe(2)
  expect(yielding(310, { requests: 1, bytesAtRest: 300 })).toBe(null)
})
