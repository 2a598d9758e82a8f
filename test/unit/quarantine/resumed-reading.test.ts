import { describe, expect, it } from 'vitest'
import type { LogStretch, StretchEnd, StretchRecord } from '#platform/kafka/log-stretch.ts'
import { readResumed } from '#quarantine/resumed-reading.ts'

const STRETCHES = [
  { topic: 'a', partition: 0, from: 0n, to: 4n },
  { topic: 'b', partition: 0, from: 10n, to: 12n },
]
const DONE: StretchEnd = { kind: 'read' }
const CRASHED: StretchEnd = { kind: 'crashed' }

function record(offset: bigint): StretchRecord {
  return { offset, key: null, value: null, headers: {}, timestampMs: 0 }
}

/** Readings that bring so many records each, and how each ends; then all the rest. */
async function reading(plans: readonly (readonly [records: number, end: StretchEnd])[]) {
  const left = [...plans]
  const seen: string[] = []
  const asked: (readonly LogStretch[])[] = []
  const end = await readResumed({
    stretches: STRETCHES,
    pause: async () => {},
    read: async (stretches, onRecords) => {
      asked.push(stretches)
      const [most, planned] = left.shift() ?? [Number.POSITIVE_INFINITY, DONE]
      let brought = 0
      for (const stretch of stretches) {
        const { from, to } = stretch
        for (let offset = from; offset < to && brought < most; offset += 1n) {
          await onRecords(stretch, [record(offset)])
          brought += 1
        }
      }
      return planned
    },
    onRecords: ({ topic }, records) => {
      seen.push(...records.map(({ offset }) => `${topic}/${offset}`))
    },
  })
  return { end, seen, asked }
}

const ALL = ['a/0', 'a/1', 'a/2', 'a/3', 'b/10', 'b/11']

describe('a reading that breaks off', () => {
  it('goes on behind the last record, and hands none over twice', async () => {
    const { end, seen, asked } = await reading([
      [3, CRASHED],
      [0, { kind: 'silent' }],
      [2, CRASHED],
    ])
    expect([end, seen]).toEqual([DONE, ALL])
    expect(asked.at(-1)?.map(({ from }) => from)).toEqual([4n, 11n])
  })

  it('gives up when nothing comes any more, and may fail as often as something does', async () => {
    const often = await reading(Array.from({ length: 5 }, () => [1, CRASHED] as const))
    expect(often.end).toEqual(DONE)
    const never = await reading(Array.from({ length: 9 }, () => [0, CRASHED] as const))
    expect([never.end, never.asked.length]).toEqual([CRASHED, 3])
  })

  it.each([{ kind: 'stopped' }, { kind: 'handler_failed', error: 'x' }] as const)(
    'does not go on when it was %j',
    async (planned) => {
      const { end, asked } = await reading([[1, planned]])
      expect([end, asked.length]).toEqual([planned, 1])
    },
  )
})
