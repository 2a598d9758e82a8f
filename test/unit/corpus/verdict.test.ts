import { describe, expect, it } from 'vitest'
import { canariesOf, leaksIn, showsStack } from '../../corpus/canaries.ts'
import { newEndpoints } from '../../corpus/endpoints.ts'
import type { ReadAnswer } from '../../corpus/verdict.ts'
import { formFaults, placeFaults, placeText, readAnswer, unclaimed } from '../../corpus/verdict.ts'
import type { LogRecord } from '../../fixtures/log-reader.ts'

const endpoints = newEndpoints()
const { sandbox, other } = endpoints
const body = Buffer.from('{"id":"evt_1"}')
const record: LogRecord = {
  topic: 'p.sandbox.quarantine',
  partition: 3,
  offset: 7,
  key: sandbox.tenant_id,
  value: body,
  headers: { reason: 'malformed' },
  timestamp: 0,
}
const answer: ReadAnswer = { status: 202, code: 'malformed', at: placeText(record) }
const expected = { status: 202, code: 'malformed', place: 'quarantine/malformed' }

function faults(found: LogRecord, given = answer, wanted = expected) {
  return placeFaults(given, wanted, body, sandbox, new Map([[placeText(found), found]]))
}

describe('what lies where an answer says', () => {
  it('is compared whole', () => {
    expect(faults(record)).toEqual([])
  })

  it.each([
    ['another key', { key: other.tenant_id }],
    ['other bytes', { value: Buffer.from('{"id":"evt_2"}') }],
    ['more bytes', { value: Buffer.concat([body, body]) }],
    ['no bytes', { value: null }],
    ['another reason', { headers: { reason: 'id_conflict' } }],
    ['another topic', { topic: 'p.sandbox.card' }],
    ['the other mode', { topic: 'p.live.quarantine' }],
    ['another place', { offset: 8 }],
  ])('fails with %s', (_name, changes) => {
    const found = { ...record, ...changes }
    const at = 'topic' in changes ? placeText(found) : answer.at
    expect(faults(found, { ...answer, at })).not.toEqual([])
  })

  it('fails when nothing was to be stored', () => {
    expect(faults(record, answer, { ...expected, place: 'none' })).not.toEqual([])
    expect(faults(record, { ...answer, at: null }, { ...expected, place: 'none' })).toEqual([])
  })
})

describe('a record', () => {
  it('that no answer told of is found, a copy of one that is known is not', () => {
    const copy = { ...record, offset: 8 }
    const stray = { ...record, offset: 9, value: Buffer.from('x') }
    const found = unclaimed([record, copy, stray], new Set([placeText(record)]))
    expect(found).toEqual([placeText(stray)])
  })
})

describe('an answer', () => {
  const raw = (status: number, text: string, headers: [string, string][] = []) => ({
    status,
    headers: new Map(headers),
    body: text,
    tookMs: 1,
  })

  it.each([
    [{ received: true, id: 'evt_1' }, 'received'],
    [{ received: true, id: 'evt_1', duplicate: true }, 'duplicate'],
    [{ received: true, set_aside: 'malformed' }, 'malformed'],
    [{ error: { code: 'not_found' } }, 'not_found'],
  ])('%j says %s', (content, code) => {
    expect(readAnswer(raw(200, JSON.stringify(content))).code).toBe(code)
  })

  it('without a request id, a shape or a time to come back is at fault', () => {
    expect(formFaults(raw(400, '{"error":{}}'), false)).toEqual(['the answer has no request id'])
    expect(formFaults(raw(200, 'ok'), false)).toEqual(['the answer is no JSON'])
    const error = { error: { request_id: `req_${'0'.repeat(32)}` } }
    expect(formFaults(raw(503, JSON.stringify(error)), false)).toEqual(['no Retry-After'])
    expect(formFaults(raw(503, JSON.stringify(error), [['retry-after', '2']]), false)).toEqual([])
  })
})

describe('canaries', () => {
  const canaries = canariesOf(endpoints)
  const secret = sandbox.secrets[0]?.value ?? ''

  it.each([
    ['card number', canaries.card],
    ['card number', '4242 4242 4242 4242'],
    ['e-mail', canaries.email],
    ['secret', secret],
    ['secret', Buffer.from(secret).toString('base64')],
    ['signature', 'v1=0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF'],
  ])('a %s is found in a text', (kind, text) => {
    expect(leaksIn(`{"detail":"${text}"}`, canaries)).toEqual([kind])
  })

  it('are not found where there are none', () => {
    expect(leaksIn(`req_${'0'.repeat(32)} ${sandbox.id} ${sandbox.tenant_id}`, canaries)).toEqual(
      [],
    )
  })

  it('a stack is told from a sentence', () => {
    expect(showsStack(String(new Error('x').stack))).toBe(true)
    expect(showsStack('Send again in a few seconds.')).toBe(false)
  })
})
