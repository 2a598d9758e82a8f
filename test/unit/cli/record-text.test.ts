import { describe, expect, it } from 'vitest'
import { MASKED } from '#cli/masking.ts'
import type { ReadRecord } from '#cli/record-text.ts'
import { recordJson, recordLine } from '#cli/record-text.ts'
import type { LogRecord } from '#platform/kafka/log-tail.ts'

const RECORD: LogRecord = {
  topic: 'qairopay.sandbox.card',
  partition: 3,
  offset: '17',
  timestampMs: 1_780_000_000_000,
  key: Buffer.from('tnt_1'),
  value: Buffer.alloc(0),
  headers: { reason: 'unknown_version', ce_id: 'evt_9' },
}

const READ: ReadRecord = {
  kind: 'event',
  mask: (resources) => ({ ...resources, card: MASKED }),
  event: {
    id: 'evt_1',
    type: 'card.transaction.authorized',
    created: Date.UTC(2026, 4, 19),
    tenantId: 'tnt_1',
    liveMode: false,
    apiVersion: '2026-05-19',
    endpointId: 'whk_1',
    receivedAt: 1,
    staleSignature: false,
    previousAttributes: '{"email":"old@example.com"}',
    resources: { card: { name: 'Ada' }, transaction: { amount_cents: 2n ** 62n, merchant: null } },
    raw: Buffer.from('{"holder":"Ada"}'),
  },
}

const HIDE = { showPii: false }
const SHOW = { showPii: true }

describe('a record in one line', () => {
  it('names its place, tenant, id, type and version', () => {
    expect(recordLine(RECORD, READ, HIDE)).toMatch(
      /^qairopay\.sandbox\.card\/3\/17 {2}2026-05-19T00:00:00\.000Z {2}tnt_1 {2}evt_1 {2}card\.transaction\.authorized {2}2026-05-19 {2}/,
    )
  })

  it('shows amounts with every digit and leaves out what is null', () => {
    expect(recordLine(RECORD, READ, HIDE)).toContain('{"amount_cents":4611686018427387904}')
  })

  it('shows personal data only when asked', () => {
    expect(recordLine(RECORD, READ, HIDE)).not.toContain('Ada')
    expect(recordLine(RECORD, READ, SHOW)).toContain('Ada')
  })

  it('tells a marker of a released event from an event', () => {
    const read: ReadRecord = { kind: 'marker', of: 4n, to: 'qairopay.sandbox.card/3/9' }
    expect(recordLine(RECORD, read, HIDE)).toMatch(
      /tnt_1 {2}released 3\/4 to qairopay\.sandbox\.card\/3\/9$/,
    )
    expect(JSON.parse(recordJson(RECORD, read, HIDE))).toMatchObject({
      released: { offset: '4', to: 'qairopay.sandbox.card/3/9' },
    })
  })

  it('tells why an event was set aside, without its body', () => {
    const read: ReadRecord = { kind: 'set_aside', body: Buffer.from('{"name":"Ada"}') }
    const line = recordLine(RECORD, read, HIDE)
    expect(line).toMatch(/evt_9 {2}unknown_version.*14 bytes$/)
  })

  it('lets no control character through to the terminal', () => {
    const read: ReadRecord = { kind: 'set_aside', body: Buffer.from('\u001b[2J') }
    expect(recordLine(RECORD, read, SHOW)).toMatch(/\?\[2J$/)
  })

  it('says what cannot be decoded', () => {
    expect(recordLine(RECORD, { kind: 'unreadable', reason: 'truncated' }, HIDE)).toBe(
      'qairopay.sandbox.card/3/17  (cannot be decoded: truncated)',
    )
  })
})

describe('a record as JSON', () => {
  it('hides the raw body, the old values and tagged fields', () => {
    const text = recordJson(RECORD, READ, HIDE)
    expect(text).not.toMatch(/Ada|old@example\.com/)
    expect(JSON.parse(text)).toMatchObject({
      topic: 'qairopay.sandbox.card',
      partition: 3,
      offset: '17',
      key: 'tnt_1',
      event: { id: 'evt_1', raw: MASKED, previousAttributes: MASKED },
    })
  })

  it('holds the raw body as text when personal data is asked for', () => {
    expect(JSON.parse(recordJson(RECORD, READ, SHOW)).event.raw).toBe('{"holder":"Ada"}')
  })
})
