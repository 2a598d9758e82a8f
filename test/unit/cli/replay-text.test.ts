import { describe, expect, it } from 'vitest'
import { replayLines } from '#cli/replay-text.ts'

const period = {
  tenant: 'tnt_1',
  from: Date.parse('2026-05-19T08:00:00Z'),
  to: Date.parse('2026-05-19T09:00:00Z'),
}

const tally = {
  types: new Map([
    ['card.created', { found: 5, known: 2 }],
    ['card.activated', { found: 1, known: 1 }],
  ]),
  copies: 0,
  unreadable: 0,
  outcomes: new Map<string, number>(),
}

const shown = {
  tally,
  again: false,
  dryRun: true,
  extent: { ahead: 0n, isCut: false },
  isWhole: true,
}

function textOf(changes: Partial<typeof shown>): string {
  return replayLines('g', period, { ...shown, ...changes }).join('\n')
}

describe('a dry run', () => {
  it('counts what would be handled and what the inbox has, by type and in all', () => {
    const text = textOf({})
    expect(text).toContain('tnt_1, written from 2026-05-19T08:00:00.000Z')
    expect(text).toMatch(/card\.activated +│ 1 +│ 1 +│ 0 /)
    expect(text).toMatch(/card\.created +│ 5 +│ 2 +│ 3 /)
    expect(text).toMatch(/all +│ 6 +│ 3 +│ 3 /)
    expect(text).toMatch(/nothing was changed\. To do it, add --yes\.$/)
  })

  it('with --again counts all of them as handled', () => {
    expect(textOf({ again: true })).toMatch(/all +│ 6 +│ 3 +│ 6 /)
  })

  it('says that --yes would change nothing when the inbox has them all', () => {
    const types = new Map([['card.created', { found: 2, known: 2 }]])
    expect(textOf({ tally: { ...tally, types } })).toMatch(/--yes would change nothing/)
  })

  it('names copies, what cannot be read, and what is the group’s own to come', () => {
    const text = textOf({
      tally: { ...tally, copies: 3, unreadable: 2 },
      extent: { ahead: 9n, isCut: true },
    })
    expect(text).toContain('3 are copies')
    expect(text).toContain('2 records cannot be read')
    expect(text).toContain('Older records have been removed')
    expect(text).toContain('9 records of the partition are still before the group')
  })
})

describe('a replay', () => {
  it('says what became of the events', () => {
    const outcomes = new Map([
      ['applied', 3],
      ['duplicate', 3],
    ])
    const text = textOf({ dryRun: false, tally: { ...tally, outcomes } })
    expect(text).toMatch(/Done: 3 applied, 3 duplicate\.$/)
    expect(text).not.toContain('Dry run')
  })

  it('that was interrupted does not claim to be done', () => {
    const text = textOf({ dryRun: false, isWhole: false })
    expect(text).toContain('Before it was interrupted')
    expect(text).not.toContain('Done')
  })
})
