import { expect, it } from 'vitest'
import type { QuarantineLog } from '#quarantine/quarantine-log.ts'
import { unhurriedLog } from '#quarantine/unhurried-log.ts'

const PARTS = 4
const PART_MS = 20
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Some parts, each of which takes its time to come. */
const log: QuarantineLog = {
  topic: 'acme.live.quarantine',
  read: async (_stretches, stopped, onEntries) => {
    for (let n = 0; n < PARTS; n += 1) {
      if (stopped.aborted) return { kind: 'stopped' }
      await pause(PART_MS)
      await onEntries(n, [])
    }
    return { kind: 'read' }
  },
}

it('reads in a quarter of the time, in order, and ends as the log does', async () => {
  const seen: number[] = []
  const begun = performance.now()
  const end = await unhurriedLog(log).read([], new AbortController().signal, (partition) => {
    seen.push(partition)
  })
  expect([end, seen]).toEqual([{ kind: 'read' }, [0, 1, 2, 3]])
  expect(performance.now() - begun).toBeGreaterThan(4 * PARTS * PART_MS * 0.9)
})

it('rests no longer once it is stopped, and passes on what goes wrong', async () => {
  const stop = new AbortController()
  const end = await unhurriedLog(log).read([], stop.signal, () => stop.abort())
  expect(end).toEqual({ kind: 'stopped' })
  const failing = unhurriedLog(log).read([], new AbortController().signal, () => {
    throw new Error('broken')
  })
  await expect(failing).rejects.toThrow('broken')
})
