import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { PartitionWorker } from '#consumers/runtime/partition-worker.ts'
import { watchProgress } from '#consumers/runtime/progress-watch.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('the watch on progress', () => {
  it('says once what stands still, and nothing before', () => {
    let problem: string | null = null
    const said: string[] = []
    const options = {
      stalled: () => problem,
      everyMs: 10,
      onStalled: (text: string) => said.push(text),
    }
    const stop = watchProgress(options)
    vi.advanceTimersByTime(100)
    expect(said).toEqual([])
    problem = 'a batch makes no progress'
    vi.advanceTimersByTime(100)
    expect(said).toEqual(['a batch makes no progress'])
    stop()
  })

  it('ends when it is told to', () => {
    const said: string[] = []
    const stop = watchProgress({
      stalled: () => 'still',
      everyMs: 10,
      onStalled: (text) => said.push(text),
    })
    stop()
    vi.advanceTimersByTime(100)
    expect(said).toEqual([])
  })
})

describe('a batch whose database never answers and never fails', () => {
  it('counts as standing still after a minute and a half, not before', () => {
    const never = () => new Promise<never>(() => undefined)
    const database = { transaction: never, session: never, end: never }
    const worker = new PartitionWorker({
      domain: cardConsumer,
      groupId: 'g',
      mode: 'sandbox',
      database,
      writer: null as never,
      schemas: null as never,
      schemaIdOf: () => null,
      report: null as never,
      batchMaxRecords: 10,
    })
    const record = { offset: 0n, key: null, value: null, headers: {} }
    const batch = { topic: 't', partition: 0, fetchedOffset: 0n, highWatermark: 1n, endOffset: 1n }
    const lease = {
      generation: 1,
      held: () => true,
      confirmed: async () => true,
      done: never,
      seek: () => undefined,
      lowWatermark: async () => 0n,
    }
    expect(worker.stalled(Date.now() + 100_000)).toBe(false)
    void worker.handle({ ...batch, records: [record] }, lease)
    expect(worker.stalled(Date.now() + 80_000)).toBe(false)
    expect(worker.stalled(Date.now() + 100_000)).toBe(true)
  })
})
