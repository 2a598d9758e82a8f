import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { durable, NO_TOPIC, pass, stage, TOO_LARGE, turn } from './group-commit-stage.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a refusal', () => {
  it('finds its culprit by halving, and no other record suffers', async () => {
    const { writer, submit, settled } = stage()
    const names = ['a', 'b', 'c', 'd', 'e', 'F', 'g', 'h']
    for (const name of names) submit(name)
    await turn()
    while (writer.inFlight > 0) {
      if (writer.batches.at(-1)?.includes('F')) await writer.answer(TOO_LARGE)
      else await writer.cover()
    }
    const refused = { kind: 'refused', reason: 'MESSAGE_TOO_LARGE' }
    expect(settled.F).toEqual(refused)
    expect(names.filter((name) => settled[name]?.kind === 'durable')).toHaveLength(7)
    expect(settled.h).toEqual(durable(6))
    expect(writer.batches.length).toBeLessThan(12)
    expect(writer.batches.filter((batch) => batch.includes('F')).at(-1)).toEqual(['F'])
  })

  it('costs no waiting, since each one makes the batch smaller', async () => {
    const { writer, submit, settled } = stage()
    submit('a')
    submit('B')
    await turn()
    const before = Date.now()
    await writer.answer(TOO_LARGE)
    await writer.cover()
    await writer.answer(TOO_LARGE)
    expect(Date.now()).toBe(before)
    expect([settled.a?.kind, settled.B?.kind]).toEqual(['durable', 'refused'])
  })

  it('lets batches grow again to their full size afterwards', async () => {
    const { writer, submit } = stage()
    for (let i = 0; i < 4; i += 1) submit(`a${i}`)
    await turn()
    await writer.answer(TOO_LARGE)
    await writer.answer(TOO_LARGE)
    await writer.answer(TOO_LARGE)
    for (let i = 0; i < 30; i += 1) submit(`b${i}`)
    while (writer.inFlight > 0) await writer.cover()
    expect(Math.max(...writer.batches.slice(3).map((batch) => batch.length))).toBe(8)
  })

  it('of a topic pauses it for a second, and the other topics go on', async () => {
    const { writer, submit, settled } = stage()
    submit('a', 0, 'forbidden')
    await turn()
    await writer.answer(NO_TOPIC)
    const refused = { kind: 'refused', reason: 'TOPIC_AUTHORIZATION_FAILED' }
    expect(settled.a).toEqual(refused)
    submit('b', 0, 'forbidden')
    submit('c')
    submit('d', 1, 'forbidden')
    await turn()
    expect(writer.batches.at(-1)).toEqual(['c'])
    expect(settled).toEqual({ a: refused, b: refused, d: refused })
    await writer.cover()
    expect(settled.c).toEqual(durable(0))
  })

  it('of a topic is tried again after the pause', async () => {
    const { writer, submit, settled } = stage()
    submit('a', 0, 'late')
    await turn()
    await writer.answer(NO_TOPIC)
    await pass(999)
    submit('b', 0, 'late')
    await turn()
    expect(settled.b?.kind).toBe('refused')
    await pass(1)
    submit('c', 0, 'late')
    await turn()
    expect(writer.batches.at(-1)).toEqual(['c'])
    await writer.cover()
    expect(settled.c).toEqual(durable(0, 0, 'late'))
  })

  it('of a record pauses nothing', async () => {
    const { writer, submit, settled } = stage()
    submit('a')
    await turn()
    await writer.answer(TOO_LARGE)
    submit('b')
    await turn()
    await writer.cover()
    expect([settled.a?.kind, settled.b?.kind]).toEqual(['refused', 'durable'])
  })
})
