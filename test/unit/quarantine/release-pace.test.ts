import { describe, expect, it } from 'vitest'
import { pauseMs, restMs, stepLength } from '#quarantine/release-pace.ts'

describe('the pace of a release', () => {
  it.each([
    [null, 200],
    [10_000, 200],
    [100, 10],
    [1, 1],
    [0.1, 1],
  ])('at %s events a second takes steps of %s', (rate, length) => {
    expect(stepLength(rate)).toBe(length)
  })

  it('waits until what was done is within the rate, and never when it is behind', () => {
    expect(pauseMs(50, 100, 100)).toBe(400)
    expect(pauseMs(50, 600, 100)).toBe(0)
  })

  it('has half of the time at most: the slower its steps, the longer it rests', () => {
    expect(restMs(10, 50, 100, 100)).toBe(400)
    expect(restMs(700, 50, 700, 100)).toBe(700)
  })
})
