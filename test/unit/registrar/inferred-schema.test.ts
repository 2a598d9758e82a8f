import { describe, expect, it } from 'vitest'
import { inferenceReport } from '#registrar/inference-report.ts'
import type { Data } from './inferences.ts'
import { body, findings, inferred, notesOf, schemaOf } from './inferences.ts'

describe('an inferred schema', () => {
  it('has new fields as personal data and our guess, with counts, wherever they stand', () => {
    const card = { id: 'card_1', network: 'visa', limits: { daily_cents: 5, per: [{ day: 1.5 }] } }
    const { proposal } = inferred(
      body('card.created', { card }),
      body('card.created', { card: { id: 'card_2', network: null } }),
    )
    expect(findings(proposal)).toEqual([])
    expect(notesOf(proposal, 'new').map(({ path, detail }) => `${path} ${detail}`)).toEqual([
      'card.network string',
      'card.limits record',
      'card.limits.daily_cents long',
      'card.limits.per record[]',
      'card.limits.per[].day double',
    ])
    const text = JSON.stringify(schemaOf(proposal, 'card'))
    expect(text).toContain(
      '{"name":"network","type":["null","string"],"default":null,' +
        '"doc":"Inferred from traffic: seen in 2 of 2; review.","pii":true,"inferred":true}',
    )
    expect(text).toContain('seen in 1 of 2; review.')
    expect(text).toContain('"name":"CardLimitsPer"')
  })

  it('keeps what was never seen, and says so', () => {
    const { proposal } = inferred(body('card.created', { card: { id: 'card_1' } }))
    expect(notesOf(proposal, 'never_seen').map(({ path }) => path)).toContain('card.status')
    expect(JSON.stringify(schemaOf(proposal, 'card'))).toContain('"name":"status"')
  })

  it('gives a field its new type, and says that it changed', () => {
    const { proposal } = inferred(
      body('card.transaction.captured', { transaction: { amount_cents: '12.50' } }),
    )
    expect(notesOf(proposal, 'retyped')).toMatchObject([
      { path: 'transaction.amount_cents', detail: 'is string now', seen: 1, of: 1 },
    ])
    expect(findings(proposal)).toEqual([])
  })

  it('reports conflicts of types and leaves out what no type holds', () => {
    const { proposal } = inferred(
      body('card.created', { card: { status: 'a', odd: 1, nothing: null, empty: [] } }),
      body('card.created', { card: { status: 5, odd: 'x', nothing: null, empty: [] } }),
    )
    expect(notesOf(proposal, 'conflict').map(({ path }) => path)).toEqual(['card.status'])
    expect(notesOf(proposal, 'left_out').map(({ path }) => path)).toEqual([
      'card.odd',
      'card.nothing',
      'card.empty',
    ])
    expect(findings(proposal)).toEqual([])
  })

  it('has a resource that the domain did not have, with its fields, counts and a sample', () => {
    const card = { id: 'card_1' }
    const { proposal } = inferred(
      body('card.refunded', { refund: { id: 'x', lines: [{ cents: 5 }], at: null } }),
      body('card.refunded', { refund: { id: 'y' }, card }),
      body('card.created', { card }),
    )
    expect(findings(proposal)).toEqual([])
    expect(notesOf(proposal, 'new_resource')).toEqual([
      { kind: 'new_resource', path: 'refund', detail: 'record', seen: 2, of: 3 },
    ])
    expect(notesOf(proposal, 'new').map(({ path, seen, of }) => [path, seen, of])).toEqual([
      ['refund.id', 2, 2],
      ['refund.lines', 1, 2],
      ['refund.lines[].cents', 1, 1],
    ])
    const { fields } = schemaOf(proposal, 'card') as { fields: readonly Data[] }
    expect(fields.slice(-2)).toMatchObject([
      {
        name: 'refund',
        type: ['null', { type: 'record', name: 'Refund' }],
        default: null,
        pii: true,
        inferred: true,
        doc: 'Inferred from traffic: seen in 2 of 3; review.',
      },
      { name: 'raw' },
    ])
    expect(proposal.samples.get('card.refunded')).toMatchObject({
      data: { refund: { id: 'example', lines: [{ cents: 1 }] } },
    })
    expect(proposal.types).toEqual([
      { type: 'card.created', events: 1, isNew: false },
      { type: 'card.refunded', events: 2, isNew: true },
    ])
    const report = inferenceReport(proposal).join('\n')
    expect(report).toContain('+ card.refunded: 2; not sampled in the version before')
    expect(report).toContain('+ refund: new resource: record (seen in 2 of 3)')
  })

  it('leaves out what cannot be a resource of the domain, and says why', () => {
    const { proposal } = inferred(
      body('card.created', { card: {}, payout: { id: 'x' }, id: { a: 1 }, note: 'x', odd: [] }),
    )
    expect(findings(proposal)).toEqual([])
    expect(notesOf(proposal, 'left_out').map(({ path, detail }) => `${path} ${detail}`)).toEqual([
      'payout is a resource of the domain settlement; it stays in raw',
      'id is a name of the envelope, and no resource; it stays in raw',
      'note is no record; it stays in raw',
      'odd only empty lists were seen; it stays in raw',
    ])
  })

  it('keeps the data of families that nobody knows in raw, and tells its fields', () => {
    const refund = { id: 'x', lines: [{ cents: 5 }] }
    const { proposal } = inferred(
      body('refund.created', { refund }),
      body('refund.created', { refund: { id: 'y' } }),
    )
    expect(findings(proposal)).toEqual([])
    expect([...proposal.samples.keys()]).toEqual(['refund.created'])
    const { fields } = schemaOf(proposal, 'other') as { fields: readonly Data[] }
    expect(fields.map(({ name }) => name)).not.toContain('refund')
    expect(
      notesOf(proposal, 'raw_only').map(({ path, detail, seen, of }) => [path, detail, seen, of]),
    ).toEqual([
      ['refund', 'record', 2, 2],
      ['refund.id', 'string', 2, 2],
      ['refund.lines', 'record[]', 1, 2],
      ['refund.lines[].cents', 'long', 1, 1],
    ])
  })
})
