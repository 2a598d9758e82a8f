import { describe, expect, it } from 'vitest'
import type { Timed } from '../../corpus/slowness.ts'
import { isSlow } from '../../corpus/slowness.ts'

async function judged(...tries: readonly (readonly [ownMs: number, plainMs: number])[]) {
  let time = 0
  const again = async (): Promise<Timed> => {
    const [ownMs, plainMs] = tries[Math.min(time, tries.length - 1)] ?? [0, 0]
    time += 1
    return { ownMs, plainMs }
  }
  return { slow: await isSlow(again), times: time }
}

describe('a case that took long', () => {
  it('is slow when it takes long each time, beside a plain event that does not', async () => {
    expect(await judged([51, 4])).toEqual({ slow: true, times: 5 })
  })

  it('is not slow when it was the machine, once or all the time', async () => {
    expect(await judged([900, 4], [900, 4], [12, 4])).toEqual({ slow: false, times: 3 })
    expect(await judged([900, 95])).toEqual({ slow: false, times: 1 })
  })
})
