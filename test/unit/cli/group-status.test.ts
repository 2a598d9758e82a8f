import { describe, expect, it } from 'vitest'
import type { BacklogSample, GroupFacts } from '#cli/group-status.ts'
import { ageText, groupStatus, statusLines } from '#cli/group-status.ts'

const NOW = Date.parse('2026-05-19T12:00:00Z')

const facts: GroupFacts = {
  name: {
    mode: 'live',
    domain: 'card',
    topic: 'qairopay.live.card',
    groupId: 'qairopay.live.card.projector',
    service: 'projector',
  },
  ranges: [{ partition: 0, low: 0n, high: 300n }],
  nextOffsets: new Map([[0, 100n]]),
  membership: { state: 'Stable', members: 2 },
  troubles: {
    counts: { parked_tenants: 1, parked_events: 7, set_aside: 10_000, anomalies: 3, gaps_open: 4 },
    parkedSinceMs: NOW - 60_000,
  },
}

const sample: BacklogSample = {
  types: new Map([
    ['card.created', 10],
    ['card.activated', 40],
  ]),
  oldestMs: NOW - 90_000,
}

const idle: GroupFacts = { ...facts, nextOffsets: new Map([[0, 300n]]), troubles: null }

describe('the status of a group', () => {
  it('says how much is unhandled, since when, and of which types, the most frequent first', () => {
    const status = groupStatus(facts, sample, NOW)
    expect(status).toMatchObject({
      lag_records: 200,
      oldest_unhandled_at: '2026-05-19T11:58:30.000Z',
      oldest_unhandled_seconds: 90,
      sampled_records: 50,
      members: 2,
      parked_tenants: 1,
      parked_since: '2026-05-19T11:59:00.000Z',
      gaps_open: 4,
    })
    expect(Object.entries(status.unhandled_types)).toEqual([
      ['card.activated', 40],
      ['card.created', 10],
    ])
  })

  it('is never of a negative age, though the clock of the ingress be ahead', () => {
    const ahead = { ...sample, oldestMs: NOW + 5000 }
    expect(groupStatus(facts, ahead, NOW).oldest_unhandled_seconds).toBe(0)
  })
})

describe('the table', () => {
  it('says that only a part of a backlog was looked at', () => {
    const text = statusLines([groupStatus(facts, sample, NOW)], false).join('\n')
    expect(text).toMatch(/live.*card.*projector.*2.*200.*1 min 30 s.*1 \(7 events\).*10000 or more/)
    expect(text).toContain(
      'qairopay.live.card.projector: 200 unhandled, of which the first 50 were looked at: ' +
        'card.activated 40, card.created 10',
    )
  })

  it('says nothing of a backlog where there is none', () => {
    const lines = statusLines([groupStatus(idle, null, NOW)], false)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/│ 0 +│ - /)
  })

  it('owns that a backlog could not be read, and that a topic is missing', () => {
    const unread = groupStatus(facts, null, NOW)
    expect(statusLines([unread], false)[0]).toMatch(/│ 200 +│ not read /)
    const missing = groupStatus({ ...facts, ranges: null }, null, NOW)
    expect(statusLines([missing], false)[0]).toContain('no topic')
  })

  it('lets no header move the cursor', () => {
    const types = new Map([['card.\u001b[2J', 1]])
    const lines = statusLines([groupStatus(facts, { ...sample, types }, NOW)], false)
    expect(lines[1]).toContain('card.?[2J')
  })

  it('is one JSON object a line when asked', () => {
    const status = groupStatus(facts, sample, NOW)
    expect(statusLines([status, status], true).map((line) => JSON.parse(line))).toEqual([
      status,
      status,
    ])
  })
})

describe('an age', () => {
  it.each([
    [0, '0 s'],
    [59, '59 s'],
    [61, '1 min 1 s'],
    [3600, '1 h 0 min'],
    [90_000, '1 d 1 h'],
  ])('of %i seconds is %s', (seconds, text) => {
    expect(ageText(seconds)).toBe(text)
  })
})
