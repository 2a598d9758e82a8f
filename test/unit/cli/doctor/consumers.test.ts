import { describe, expect, it } from 'vitest'
import { consumerFindings, deadLetterFindings } from '#cli/doctor/consumers.ts'
import { quarantineFindings } from '#cli/doctor/quarantine.ts'
import type { GroupStatus } from '#cli/group-status.ts'

function status(changes: Partial<GroupStatus> = {}): GroupStatus {
  return {
    mode: 'live',
    domain: 'card',
    service: 'projector',
    group: 'qairopay.live.card.projector',
    topic_exists: true,
    state: 'Stable',
    members: 1,
    lag_records: 0,
    oldest_unhandled_at: null,
    oldest_unhandled_seconds: null,
    unhandled_types: {},
    sampled_records: 0,
    parked_tenants: 0,
    parked_events: 0,
    parked_since: null,
    set_aside: 0,
    anomalies: 0,
    gaps_open: 0,
    ...changes,
  }
}

/** All of them deployed. */
function facts(...statuses: readonly GroupStatus[]) {
  return { statuses, deployed: new Set(statuses.map(({ group }) => group)) }
}

describe('consumer groups', () => {
  it('are in order with a member each and little to do', () => {
    expect(consumerFindings(facts(status({ lag_records: 12 }), status()))).toMatchObject([
      { grade: 'ok', words: '2 groups with 2 members, 12 unhandled records' },
    ])
  })

  it.each([
    [
      'without a member, with work',
      { members: 0, lag_records: 7 },
      'fault',
      /1 group without a member, with 7 unhandled records: qairopay\.live\.card\.projector/,
    ],
    ['without a member, without work', { members: 0 }, 'warning', /nothing to do yet/],
    ['far behind', { lag_records: 10_001 }, 'warning', /10001 unhandled records/],
    [
      'late',
      { lag_records: 1, oldest_unhandled_seconds: 601 },
      'warning',
      /the oldest for 10 min 1 s/,
    ],
  ])('are told when %s', (_, changes, grade, says) => {
    expect(consumerFindings(facts(status(changes)))).toMatchObject([
      { grade, words: expect.stringMatching(says) },
    ])
  })

  it('that are not deployed are at most a warning', () => {
    const former = status({ group: 'qairopay.live.card.former', members: 0, lag_records: 9 })
    const deployed = new Set([status().group])
    expect(consumerFindings({ statuses: [status(), former], deployed })).toMatchObject([
      {
        grade: 'warning',
        words: expect.stringMatching(/not deployed now: qairopay\.live\.card\.former/),
      },
    ])
    const idle = { ...former, lag_records: 0 }
    expect(consumerFindings({ statuses: [status(), idle], deployed })).toMatchObject([
      { grade: 'ok', words: '1 group with 1 member, 0 unhandled records' },
    ])
  })

  it('of a topic that is missing are the topic\u2019s finding', () => {
    expect(consumerFindings(facts(status({ topic_exists: false, members: 0 })))).toMatchObject([
      { grade: 'ok' },
    ])
  })
})

describe('dead letters', () => {
  it('are none', () => {
    expect(deadLetterFindings(facts(status()))).toMatchObject([{ grade: 'ok' }])
  })

  it.each([
    [
      'parked tenants',
      { parked_tenants: 2, parked_events: 9, parked_since: '2026-06-01T08:00:00.000Z' },
      /2 tenants parked since 2026-06-01T08:00:00\.000Z, with 9 events/,
    ],
    ['records set aside', { set_aside: 1 }, /1 record set aside/],
    ['webhooks that never came', { gaps_open: 3 }, /3 webhooks/],
  ])('are %s', (_, changes, says) => {
    expect(deadLetterFindings(facts(status(changes), status()))).toMatchObject([
      { grade: 'warning', words: expect.stringMatching(says) },
    ])
  })
})

describe('the quarantine', () => {
  it('is in order when nothing waits', () => {
    const empty = { mode: 'live', waiting: 0, reasons: new Map() } as const
    expect(quarantineFindings([empty])).toMatchObject([{ grade: 'ok', words: 'nothing waits' }])
  })

  it('is told by mode and reason, the most frequent first', () => {
    const reasons = new Map([
      ['malformed', 1],
      ['unknown_version', 4],
    ])
    const facts = [
      { mode: 'live', waiting: 0, reasons: new Map() },
      { mode: 'sandbox', waiting: 5, reasons },
    ] as const
    expect(quarantineFindings(facts)).toMatchObject([
      {
        grade: 'warning',
        words: 'sandbox: 5 events wait: unknown_version 4, malformed 1',
        remedy: expect.stringMatching(/quarantine stats --mode sandbox.*versions list/),
      },
    ])
  })
})
