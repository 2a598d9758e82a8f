import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { durable, LIMITS, pass, stage, TOO_LARGE, turn, UNKNOWN } from './group-commit-stage.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a batch', () => {
  it('is all that came in during one turn, at once and without a timer', async () => {
    const { writer, submit, settled } = stage()
    submit('a')
    submit('b', 3)
    await turn()
    expect(writer.batches).toEqual([['a', 'b']])
    await writer.cover()
    expect(settled).toEqual({ a: durable(0), b: durable(0, 3) })
  })

  it('is alone in flight, and what comes in meanwhile is the next one', async () => {
    const { writer, submit, settled, commit } = stage()
    submit('a')
    await turn()
    for (const name of ['b', 'c', 'd']) submit(name)
    await pass(1000)
    expect(writer.batches).toEqual([['a']])
    expect(commit.depth).toBe(4)
    await writer.cover()
    expect(writer.batches).toEqual([['a'], ['b', 'c', 'd']])
    expect(settled).toEqual({ a: durable(0) })
    await writer.cover()
    expect(settled.d).toEqual(durable(3))
  })

  it('keeps the limits of records and of bytes', async () => {
    const { writer, submit } = stage({ batch: { records: 3, bytes: 1000 } })
    for (const name of ['a', 'b', 'c', 'd']) submit(name)
    submit('large', 0, 't', 5000)
    submit('e')
    await turn()
    for (let i = 0; i < 4; i += 1) await writer.cover()
    expect(writer.batches).toEqual([['a', 'b', 'c'], ['d'], ['large'], ['e']])
  })
})

describe('what an answer does not cover', () => {
  it('is not acknowledged, and goes out again first and in order', async () => {
    const { writer, submit, settled, attempts } = stage()
    submit('a', 0)
    submit('b', 1)
    submit('c', 0)
    submit('d', 1)
    await turn()
    submit('e', 1)
    await writer.cover([1])
    expect(settled).toEqual({ a: durable(0), c: durable(1) })
    await pass(99)
    expect(writer.batches).toHaveLength(1)
    await pass(1)
    expect(writer.batches[1]).toEqual(['b', 'd', 'e'])
    await writer.cover()
    expect(settled).toMatchObject({ b: durable(0, 1), d: durable(1, 1), e: durable(2, 1) })
    expect(attempts).toEqual([
      ['answered', 4, 2],
      ['answered', 3, 0],
    ])
  })

  it('is everything when the answer is empty, or nothing is known', async () => {
    for (const attempt of [{ kind: 'answered', partitions: [] }, UNKNOWN] as const) {
      const { writer, submit, settled } = stage()
      submit('a')
      submit('b')
      await turn()
      await writer.answer(attempt)
      expect(settled).toEqual({})
      await pass(100)
      expect(writer.batches[1]).toEqual(['a', 'b'])
      await writer.cover()
    }
  })

  it('is what the answer names with an error or without an offset', async () => {
    const { writer, submit, settled } = stage()
    submit('a', 0)
    submit('b', 1)
    await turn()
    const partitions = [
      { topic: 't', partition: 0, errorCode: 6, baseOffset: '7' },
      { topic: 't', partition: 1, errorCode: 0, baseOffset: '-1' },
    ]
    await writer.answer({ kind: 'answered', partitions })
    expect(settled).toEqual({})
    await pass(100)
    await writer.cover()
  })
})

describe('the deadline', () => {
  it('gives up what is not durable, in flight or waiting, and not a moment early', async () => {
    const { writer, submit, settled } = stage()
    submit('a')
    await turn()
    await pass(5000)
    submit('b')
    await pass(LIMITS.deadlineMs - 5001)
    expect(settled).toEqual({})
    await pass(101)
    expect(settled).toEqual({ a: { kind: 'expired' } })
    await pass(5000)
    expect(settled).toEqual({ a: { kind: 'expired' }, b: { kind: 'expired' } })
    await writer.cover()
    expect(settled.a).toEqual({ kind: 'expired' })
    expect(writer.batches).toEqual([['a']])
  })

  it('does not send again what was given up, but what was not', async () => {
    const { writer, submit, settled } = stage()
    submit('a')
    await turn()
    await pass(8000)
    submit('b')
    await pass(6000)
    await writer.answer(UNKNOWN)
    await pass(100)
    expect(writer.batches).toEqual([['a'], ['b']])
    await writer.cover()
    expect(settled).toEqual({ a: { kind: 'expired' }, b: durable(0) })
  })
})

describe('the queue', () => {
  it('is full with too many records, waiting or in flight', async () => {
    const { writer, submit, full } = stage({ queueRecords: 3 })
    submit('a')
    await turn()
    submit('b')
    expect(full()).toBe(false)
    submit('c')
    expect(full()).toBe(true)
    await writer.cover()
    expect(full()).toBe(false)
    await writer.cover()
  })

  it('is full with too many bytes', async () => {
    const { writer, submit, commit, full } = stage({ queueBytes: 5000 })
    submit('a', 0, 't', 4000)
    expect(full()).toBe(false)
    submit('b', 0, 't', 1000)
    expect(full()).toBe(true)
    await turn()
    await writer.cover()
    expect([full(), commit.depth, commit.bytes]).toEqual([false, 0, 0])
  })

  it('is full while the oldest record, in flight or waiting, has waited too long', async () => {
    const { writer, submit, full } = stage()
    submit('a')
    await turn()
    await pass(2000)
    submit('b')
    expect(full()).toBe(false)
    await pass(1)
    expect(full()).toBe(true)
    await writer.cover()
    expect(full()).toBe(false)
    await writer.cover()
  })

  it('is not full because of records that were given up', async () => {
    const { writer, submit, commit, settled, full } = stage()
    submit('a')
    await turn()
    submit('b')
    await pass(13_100)
    expect([Object.keys(settled), commit.depth, commit.bytes]).toEqual([['a', 'b'], 0, 0])
    expect(full()).toBe(false)
    await writer.answer(UNKNOWN)
    await pass(100)
  })
})

describe('drained', () => {
  it('is at once when nothing waits', async () => {
    await stage().commit.drained()
  })

  it('is when the last record is settled, whatever became of it', async () => {
    const { writer, submit, commit } = stage()
    submit('a')
    await turn()
    submit('b')
    let drained = false
    void commit.drained().then(() => {
      drained = true
    })
    await writer.cover()
    expect(drained).toBe(false)
    await writer.answer(TOO_LARGE)
    expect(drained).toBe(true)
  })

  it('is after the deadline at the latest, also while Kafka hangs', async () => {
    const { writer, submit, commit } = stage()
    submit('a')
    const drained = commit.drained()
    await pass(13_100)
    await drained
    await writer.answer(UNKNOWN)
    await pass(100)
  })
})
