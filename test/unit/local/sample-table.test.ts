import { describe, expect, it } from 'vitest'
import type { SampleRow } from '#local/sample-table.ts'
import { sampleHead, sampleLine, sampleSummary } from '#local/sample-table.ts'

const row: SampleRow = {
  id: 'evt_01M89ET7HN710BM005W5Z96A4H',
  type: 'card.transaction.authorized',
  version: '2026-05-19',
  tenantId: 'tnt_01M89ESJ9H8J8A7MJ42S1ZAGE1',
  answer: {
    kind: 'answered',
    status: 200,
    body: '{"received":true}',
    at: { topic: 'qairopay.sandbox.card', partition: 7, offset: '12' },
    tookMs: 4,
  },
  effect: { outcome: 'applied', tables: ['transactions'], reason: null },
}

describe('a line of the table', () => {
  it('tells the way of an event from its id to its effect', () => {
    expect(sampleLine(row).split(/ {2,}/)).toEqual([
      'evt_01M89ET7HN710BM005W5Z96A4H',
      'card.transaction.authorized',
      '2026-05-19',
      'tnt_01M89ESJ9H8J8A7MJ42S1ZAGE1',
      '200',
      'qairopay.sandbox.card',
      '7',
      '12',
      'applied: card.transactions, card.history',
    ])
  })

  it('stands under the heads of its columns', () => {
    const [head = ''] = sampleHead().split('\n')
    const line = sampleLine(row)
    expect(line.indexOf('200')).toBe(head.indexOf('answer'))
    expect(line.indexOf('qairopay.sandbox.card')).toBe(head.indexOf('topic'))
    expect(line.indexOf('applied')).toBe(head.indexOf('consumer'))
  })

  it.each([
    [
      { outcome: 'stale', tables: ['cards'], reason: null },
      'older than the row: only card.history',
    ],
    [{ outcome: 'history_only', tables: [], reason: null }, 'kept: card.history'],
    [{ outcome: 'set_aside', tables: [], reason: 'data_error' }, 'set aside: data_error'],
    [null, 'nothing yet'],
    [undefined, '-'],
  ])('says what the consumer did: %j', (effect, text) => {
    expect(sampleLine({ ...row, effect }).endsWith(`  ${text}`)).toBe(true)
  })

  it('says why there was no answer', () => {
    const answer = { kind: 'unanswered', reason: 'ECONNREFUSED', tookMs: 1 } as const
    expect(sampleLine({ ...row, answer, effect: undefined })).toMatch(/ none {4}ECONNREFUSED .*-$/)
  })
})

describe('the summary', () => {
  it('is short when all went well', () => {
    expect(sampleSummary([row, row], 'logs')).toBe('2 samples sent: all answered 200 and handled.')
  })

  it('counts what did not, and says where to look', () => {
    const quarantined = { ...row, answer: { ...row.answer, status: 202 }, effect: undefined }
    const rows = [row, { ...row, effect: null }, quarantined as SampleRow]
    expect(sampleSummary(rows, '.local/logs')).toBe(
      '3 samples sent: 2 not answered 200 and handled, see above and .local/logs.',
    )
  })
})
