import { describe, expect, it } from 'vitest'
import type { EventSummary } from '#cli/quarantine-summary.ts'
import { EventStats, newestFirst, summaryOf } from '#cli/quarantine-summary.ts'
import { cutTable, statsJson, statsLines, summaryLine } from '#cli/quarantine-text.ts'
import { bodyOf, setAside } from '../quarantine/set-aside.ts'

const event = setAside('unknown_version', bodyOf())
const summary = summaryOf(event, false)

function statsOf(events: number): EventStats {
  const stats = new EventStats()
  for (let n = 0; n < events; n += 1) stats.add({ ...event, tenant: `tnt_${n}` })
  return stats
}

const SHOWN = { topic: 'acme.live.quarantine', state: 'waiting', waiting: 30, released: 2 }

describe('an event in a line', () => {
  it('tells where, when, whose, what, why, how large, and what became of it', () => {
    expect(summaryLine(summary)).toBe(
      `${event.partition}/7  2026-05-19T10:20:00.000Z  tnt_own  whk_1  evt_1  card.created  2026-05-19  unknown_version (as it was)  ${event.body.length} bytes  waiting`,
    )
    const released: EventSummary = {
      ...summary,
      state: 'released',
      released_to: 'acme.live.card/1/2',
    }
    expect(summaryLine(released)).toMatch(/released to acme\.live\.card\/1\/2$/)
  })

  it('cannot move the reader’s cursor', () => {
    const line = summaryLine({ ...summary, tenant: 'tnt_\u001b[2J\u202e' })
    expect(line).toContain('tnt_?[2J?')
  })

  it('stands before what came earlier', () => {
    const earlier = { ...summary, received_at: '2026-05-18T00:00:00.000Z' }
    const before = { ...summary, offset: '6' }
    expect([earlier, before, summary].sort(newestFirst)).toEqual([summary, before, earlier])
  })
})

describe('counts', () => {
  it('are tables of a screen’s length, and whole in JSON', () => {
    const stats = statsOf(30)
    const lines = statsLines({ ...SHOWN, stats }).join('\n')
    expect(lines).toContain('acme.live.quarantine: 30 events wait, 2 were released')
    expect(lines).toContain('and 10 more rows')
    const json = JSON.parse(statsJson({ ...SHOWN, stats }))
    expect(Object.keys(json.tenants)).toHaveLength(30)
    expect(json).toMatchObject({
      events: 30,
      reasons: { unknown_version: 30 },
      api_versions: { '2026-05-19': 30 },
      oldest_received_at: '2026-05-19T10:20:00.000Z',
    })
  })

  it('of nothing are one line', () => {
    const stats = new EventStats()
    expect(statsLines({ ...SHOWN, waiting: 0, released: 0, stats })).toHaveLength(1)
  })

  it('do not grow with the time that nobody can name', () => {
    const stats = new EventStats()
    stats.add({ ...event, receivedAtMs: 9e15 })
    expect(statsJson({ ...SHOWN, stats })).toContain('9000000000000000 ms')
  })

  it('say nothing of more rows when there are none', () => {
    expect(cutTable(['a'], [['b']])).toHaveLength(1)
  })
})
