import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ApiVersion } from '#core/ids.ts'
import { DOMAINS } from '#core/routing.ts'
import { baseOf, VersionInference } from '#registrar/inference.ts'
import { inferenceReport } from '#registrar/inference-report.ts'
import { samples } from '../platform/avro/sample-events.ts'
import { base, body, findings, headers, inferred, known, notesOf, VERSION } from './inferences.ts'

describe('a proposal for an unknown version', () => {
  it('from events like those of the version before is that version under another name', () => {
    const bodies = samples
      .filter(({ version }) => version === base.folder.version)
      .map(({ raw }) => ({ ...JSON.parse(raw.toString()), api_version: VERSION }))
    const { inference, proposal } = inferred(...bodies)
    expect(inference.events).toBe(26)
    expect(findings(proposal)).toEqual([])
    expect(proposal.samples.size).toBe(26)
    expect(proposal.types.filter(({ isNew }) => isNew)).toEqual([])
    const added = notesOf(proposal, 'new').map(({ path }) => path)
    // The samples carry some keys that no schema has.
    expect(added).toContain('transaction.merchant.city')
    for (const kind of ['conflict', 'retyped', 'new_resource']) {
      expect(notesOf(proposal, kind)).toEqual([])
    }
  })

  it('passes the linter and the samples, whatever the events hold', () => {
    const key = fc.oneof(
      fc.constantFrom('id', 'status', 'merchant', 'amount_cents', 'shipping', 'spending_controls'),
      fc.stringMatching(/^[a-z]{1,4}(_[a-z]{1,3})?$/),
    )
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(1, 2 ** 60, 1.5, 'x', '5812', null, true, [], {}),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
      ),
    }))
    const names = ['card', 'transaction', 'dispute', 'payout', 'refund', 'fee', 'type', 'raw']
    const resource = fc.dictionary(fc.constantFrom(...names), tree)
    fc.assert(
      fc.property(fc.array(resource, { minLength: 1, maxLength: 4 }), (datas) => {
        const types = ['card.created', 'card.transaction.captured', 'dispute.updated', 'card.x']
        const bodies = datas.map((data, i) => body(types[i] ?? 'card.y', data))
        expect(findings(inferred(...bodies).proposal)).toEqual([])
      }),
      { numRuns: 40 },
    )
  })
})

describe('the privacy of a proposal', () => {
  it('holds no value of an event, in schemas, samples or report', () => {
    const holder = {
      name: 'Ada Lovelace',
      email: 'ada@lovelace.example',
      'ada@lovelace.example': 1,
    }
    const pass = {
      id: 'pass_AdaSecret0001',
      holder,
      tags: ['Ada'],
      born: '1815-12-10',
      zip: '90210',
    }
    const previous = { holder: { name: 'Ada Byron' } }
    const { proposal } = inferred({
      ...body('pass.updated', { pass }),
      id: 'evt_AdaSecret0002',
      tenant_id: 'tnt_AdaSecret0003',
      previous_attributes: previous,
    })
    const everything = [
      JSON.stringify(proposal.domains),
      JSON.stringify([...proposal.samples]),
      ...inferenceReport(proposal),
    ].join('\n')
    expect(everything).not.toMatch(/Ada|ada@|lovelace|1815|90210/i)
    expect(proposal.samples.get('pass.updated')).toMatchObject({
      data: {
        pass: {
          id: `pass_${'0'.repeat(26)}`,
          holder: { name: 'example', email: 'person@example.com' },
          born: '2026-01-01',
          zip: '00000',
        },
      },
      previous_attributes: { holder: { name: 'example' } },
    })
    expect(findings(proposal)).toEqual([])
  })
})

describe('records of the quarantine', () => {
  const value = Buffer.from(JSON.stringify(body('card.created', { card: { id: 'card_1' } })))

  it.each([
    ['the mark of a release', { value: null, headers }],
    ['one with another reason', { value, headers: { ...headers, reason: 'malformed' } }],
    ['one of another version', { value, headers: { ...headers, api_version: '2026-10-01' } }],
  ])('of other kinds are passed over: %s', (_what, record) => {
    const inference = new VersionInference(VERSION)
    inference.take(record)
    expect([inference.events, inference.unreadable]).toEqual([0, 0])
  })

  it('that are no events are counted', () => {
    const inference = new VersionInference(VERSION)
    inference.take({ value: Buffer.from('{'), headers })
    inference.take({ value: Buffer.from('[]'), headers })
    expect([inference.events, inference.unreadable]).toEqual([0, 2])
  })
})

describe('the version to start from', () => {
  it.each([
    ['2026-09-01', '2026-05-19'],
    ['2026-03-01', '2026-02-01'],
    ['2020-01-01', '2025-11-01'],
  ])('for %s is %s', (version, expected) => {
    expect(baseOf(version as ApiVersion, known)?.folder.version).toBe(expected)
  })

  it('gives all six domains', () => {
    expect(inferred().proposal.domains.map(({ domain }) => domain)).toEqual([...DOMAINS])
  })
})
