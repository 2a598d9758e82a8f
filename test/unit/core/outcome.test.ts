import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '#core/errors.ts'
import { ERRORS, errorEntry, isFinal } from '#core/errors.ts'
import type { EventId } from '#core/ids.ts'
import type { Outcome } from '#core/outcome.ts'
import { answerOf, errorAnswer, QUARANTINE_REASONS } from '#core/outcome.ts'

const id = 'evt_01HZX' as EventId
const at = { topic: 'qairopay.live.card', partition: 7, offset: '42' }
const codes = Object.keys(ERRORS) as ErrorCode[]

const denied = ['tenant_mismatch', 'mode_mismatch'] as const
const setAside = QUARANTINE_REASONS.filter(
  (reason) => !(denied as readonly string[]).includes(reason),
) as Extract<Outcome, { kind: 'set_aside' }>['reason'][]

const every: readonly Outcome[] = [
  { kind: 'stored', id, at },
  { kind: 'duplicate', id, at },
  ...setAside.flatMap((reason) => [
    { kind: 'set_aside', reason, id, at } as const,
    { kind: 'set_aside', reason, id: null, at } as const,
  ]),
  ...denied.map((reason) => ({ kind: 'denied', reason, id, at }) as const),
  { kind: 'decided', body: new Uint8Array([1]), contentType: 'text/plain' },
  ...codes.map((code) => ({ kind: 'refused', code }) as const),
]

describe('the answer to a webhook', () => {
  it('is 200 with the id when the event is durable', () => {
    expect(answerOf({ kind: 'stored', id, at }, 'req_1')).toEqual({
      status: 200,
      retry: false,
      body: { received: true, id },
    })
  })

  it('is 200 and says so when the event was durable before', () => {
    expect(answerOf({ kind: 'duplicate', id, at }, 'req_1')).toEqual({
      status: 200,
      retry: false,
      body: { received: true, id, duplicate: true },
    })
  })

  it.each(setAside)('is 202 when the event was set aside for %s', (reason) => {
    expect(answerOf({ kind: 'set_aside', reason, id, at }, 'req_1')).toEqual({
      status: 202,
      retry: false,
      body: { received: true, set_aside: reason, id },
    })
  })

  it('names no id when the bytes hold no readable one', () => {
    const { body } = answerOf({ kind: 'set_aside', reason: 'malformed', id: null, at }, 'req_1')
    expect(Object.keys(body)).toEqual(['received', 'set_aside'])
  })

  it.each(denied)('is 403 for %s, whose bytes were set aside first', (reason) => {
    const answer = answerOf({ kind: 'denied', reason, id, at }, 'req_1')
    expect(answer).toEqual(errorAnswer(reason, 'req_1'))
    expect([answer.status, answer.retry]).toEqual([403, false])
  })

  it.each(codes)('has the shape of the sender\u2019s own errors for %s', (code) => {
    const { status, type, message } = errorEntry(code)
    const answer = answerOf({ kind: 'refused', code }, 'req_1')
    expect(answer.status).toBe(status)
    expect(answer.body).toEqual({ error: { type, code, message, request_id: 'req_1' } })
  })

  it('says when to come back with 503, 429 and 425, and with nothing else', () => {
    for (const outcome of every) {
      const { status, retry } = answerOf(outcome, 'req_1')
      expect(retry, JSON.stringify(outcome)).toBe([503, 429, 425].includes(status))
    }
  })

  it('is the decision of the service, byte for byte, for a synchronous call', () => {
    const body = new Uint8Array([0x7b, 0x7d])
    const contentType = 'application/json'
    const decided = { kind: 'decided', body, contentType } as const
    const answer = { status: 200, retry: false, body }
    expect(answerOf(decided, 'req_1')).toEqual({ ...answer, contentType })
    expect(answerOf({ ...decided, contentType: null }, 'req_1')).toEqual(answer)
  })

  it('is 2xx for an event exactly when the bytes are kept and the sender may forget them', () => {
    for (const outcome of every.filter(({ kind }) => kind !== 'decided')) {
      const kept = ['stored', 'duplicate', 'set_aside'].includes(outcome.kind)
      const { status } = answerOf(outcome, 'req_1')
      expect(status >= 200 && status < 300, JSON.stringify(outcome)).toBe(kept)
    }
  })

  it('destroys an event only when it is denied, or the caller is not proven', () => {
    for (const outcome of every) {
      if (!isFinal(answerOf(outcome, 'req_1').status)) continue
      const code = outcome.kind === 'refused' ? outcome.code : null
      const safe = outcome.kind === 'denied' || (code !== null && denied.includes(code as never))
      expect(safe || (code !== null && errorEntry(code).fault === 'caller')).toBe(true)
    }
  })

  it('never tells where a record lies, nor repeats what was sent', () => {
    for (const outcome of every) {
      const text = JSON.stringify(answerOf(outcome, 'req_1').body).replaceAll(id, '')
      for (const part of [at.topic, '42', 'evt_']) expect(text).not.toContain(part)
    }
  })
})
