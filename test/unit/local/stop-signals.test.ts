import { expect, it } from 'vitest'
import type { StopRequests } from '#local/stop-signals.ts'
import { stopRequests } from '#local/stop-signals.ts'

async function heard({ first, second }: StopRequests): Promise<readonly string[]> {
  const words: string[] = []
  void first.then(() => words.push('first'))
  void second.then(() => words.push('second'))
  await new Promise((resolve) => setImmediate(resolve))
  return words
}

it('takes the two signals of one Ctrl-C under npm for one request', async () => {
  let now = 1000
  const { requests, ask } = stopRequests(() => now)
  ask()
  now += 5
  ask()
  expect(await heard(requests)).toEqual(['first'])
})

it('takes a later signal for a second request', async () => {
  let now = 1000
  const { requests, ask } = stopRequests(() => now)
  ask()
  now += 1000
  ask()
  expect(await heard(requests)).toEqual(['first', 'second'])
})

it('hears nothing without a signal', async () => {
  expect(await heard(stopRequests(() => 0).requests)).toEqual([])
})
