import { describe, expect, it } from 'vitest'
import { createLogger } from '#platform/log.ts'
import { Outage } from '#platform/outage.ts'

function watched() {
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => void lines.push(JSON.parse(line))
  const log = createLogger({ service: 'test', level: 'info', destination: { write } })
  const clock = { ms: 0 }
  const outage = new Outage({ log, away: 'x.away', back: 'x.back', now: () => clock.ms })
  return { lines, clock, outage }
}

describe('an outage', () => {
  it('is said at once, then once a minute, and its end with how long it took', () => {
    const { lines, clock, outage } = watched()
    for (; clock.ms < 150_000; clock.ms += 100) outage.away({ reason: 'unreachable' })
    outage.back()
    expect(lines).toMatchObject([
      { level: 'warn', event: 'x.away', reason: 'unreachable', tries: 1, away_ms: 0 },
      { level: 'warn', event: 'x.away', tries: 601, away_ms: 60_000 },
      { level: 'warn', event: 'x.away', tries: 1201, away_ms: 120_000 },
      { level: 'info', event: 'x.back', tries: 1500, away_ms: 150_000 },
    ])
  })

  it('that comes and goes is a dozen lines a minute at most', () => {
    const { lines, clock, outage } = watched()
    for (; clock.ms < 60_000; clock.ms += 100) {
      outage.away()
      outage.back()
    }
    expect(lines.length).toBeGreaterThan(2)
    expect(lines.length).toBeLessThanOrEqual(12)
  })

  it('that never was has no end either', () => {
    const { lines, outage } = watched()
    outage.back()
    expect(lines).toEqual([])
  })
})
