import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LoopLateness, sustainedLateness } from '#ingress/loop-lateness.ts'

let now = 0
let loop: LoopLateness

beforeEach(() => {
  vi.useFakeTimers()
  now = 0
  loop = new LoopLateness(() => now)
  loop.start()
})

afterEach(() => {
  loop.stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** One tick that comes so much too late. */
async function tick(lateMs: number): Promise<void> {
  now += 100 + lateMs
  await vi.advanceTimersByTimeAsync(100)
}

describe('the lateness of the event loop', () => {
  it('is not that of a single pause, however long, nor of two', async () => {
    for (const lateMs of [0, 0, 5000, 0, 0, 3000, 3000, 1]) {
      await tick(lateMs)
      expect(loop.sustainedMs).toBeLessThanOrEqual(1)
    }
  })

  it('is that which every tick had lately', async () => {
    for (const lateMs of [600, 700, 650]) await tick(lateMs)
    expect(loop.sustainedMs).toBe(600)
  })

  it('is over with the first tick that comes in time', async () => {
    for (const lateMs of [600, 700, 650, 0]) await tick(lateMs)
    expect(loop.sustainedMs).toBe(0)
  })

  it('is unknown, hence nothing, right after the start', () => {
    expect(sustainedLateness([900, 900])).toBe(0)
  })

  it('is never below nothing', () => {
    expect(sustainedLateness([-1, -2, 3])).toBe(0)
  })
})
