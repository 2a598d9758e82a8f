import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Attempt } from '#core/commit.ts'
import { durable, pass, stage, turn, UNKNOWN } from './group-commit-stage.ts'

const BYTES = 5000
const FAILED: Attempt = { kind: 'failed', reason: 'NOT_ENOUGH_REPLICAS' }

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('the memory of a record', () => {
  it('is free once the only attempt that had it was answered', async () => {
    const { writer, submit, settled } = stage()
    const value = submit('a', 0, 't', BYTES)
    await turn()
    expect(value.byteLength).toBe(BYTES)
    await writer.cover()
    expect([settled.a, value.byteLength]).toEqual([durable(0), 0])
  })

  it('is left alone when an attempt that was given up may still read it', async () => {
    const { writer, submit, settled } = stage()
    const value = submit('a', 0, 't', BYTES)
    await turn()
    await writer.answer(UNKNOWN)
    await pass(100)
    await writer.cover()
    expect([settled.a, value.byteLength]).toEqual([durable(0), BYTES])
  })

  it('is left alone when the record is given up while it is in flight', async () => {
    const { writer, submit, settled } = stage()
    const value = submit('a', 0, 't', BYTES)
    await pass(13_100)
    expect([settled.a, value.byteLength]).toEqual([{ kind: 'expired' }, BYTES])
    await writer.cover()
    expect(value.byteLength).toBe(BYTES)
  })

  it('is left alone when it was in a batch before it stood trial', async () => {
    const { writer, trials, submit, settled } = stage()
    const value = submit('a', 0, 't', BYTES)
    await turn()
    await writer.answer(FAILED)
    await pass(100)
    await trials.cover()
    expect([settled.a, value.byteLength]).toEqual([durable(0), BYTES])
  })

  it('is free when one trial is all that it was in', async () => {
    const { writer, trials, submit, settled } = stage()
    submit('a')
    await turn()
    await writer.answer(FAILED)
    await pass(13_000)
    await trials.answer(FAILED)
    const value = submit('b', 0, 't', BYTES)
    await pass(1000)
    await trials.cover()
    expect([settled.b, value.byteLength]).toEqual([durable(0), 0])
  })
})
