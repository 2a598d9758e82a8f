import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogger } from '#platform/log.ts'
import { LOG_LEVELS, LogLevel, logLevelChange } from '#platform/log-level.ts'

const lines: Record<string, unknown>[] = []

function changeable(level: string) {
  const write = (line: string) => void lines.push(JSON.parse(line))
  const log = createLogger({ service: 'ingress', level, destination: { write } })
  return { log, level: new LogLevel(log) }
}

beforeEach(() => {
  lines.length = 0
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a change that is asked for', () => {
  it('lasts ten minutes unless it says how long', () => {
    expect(logLevelChange({ level: 'debug' }, 'info')).toEqual({ level: 'debug', seconds: 600 })
    const asked = { level: 'trace', for_seconds: 3600 }
    expect(logLevelChange(asked, 'info')).toEqual({ level: 'trace', seconds: 3600 })
  })

  it('may say as much as configured or more, never less: alarms cannot be silenced', () => {
    for (const [i, configured] of LOG_LEVELS.entries()) {
      const taken = LOG_LEVELS.filter(
        (level) => !('problem' in logLevelChange({ level }, configured)),
      )
      expect(taken).toEqual(LOG_LEVELS.slice(i))
    }
  })
})

describe('the level of a log', () => {
  it('falls back by itself, and says both times what happened', () => {
    const { log, level } = changeable('error')
    level.change({ level: 'debug', seconds: 60 }, '10.0.0.7')
    log.debug({ event: 'seen' })
    vi.advanceTimersByTime(59_999)
    expect(level.state().level).toBe('debug')
    vi.advanceTimersByTime(1)
    expect(level.state()).toEqual({ level: 'error', configured: 'error', until: null })
    log.info({ event: 'unseen' })
    expect(lines).toMatchObject([
      { event: 'log_level.changed', from: 'error', to: 'debug', by: '10.0.0.7', for_seconds: 60 },
      { event: 'seen' },
      { event: 'log_level.changed', from: 'debug', to: 'error', by: 'time' },
    ])
  })

  it('follows the last change only', () => {
    const { level } = changeable('info')
    level.change({ level: 'debug', seconds: 10 }, 'a')
    level.change({ level: 'trace', seconds: 60 }, 'b')
    vi.advanceTimersByTime(30_000)
    expect(level.state().level).toBe('trace')
    level.change({ level: 'info', seconds: 60 }, 'c')
    expect(level.state()).toEqual({ level: 'info', configured: 'info', until: null })
    vi.advanceTimersByTime(100_000)
    expect(lines.map(({ to }) => to)).toEqual(['debug', 'trace', 'info'])
  })

  it('says until when', () => {
    vi.setSystemTime('2026-05-19T08:00:00Z')
    const { level } = changeable('info')
    expect(level.change({ level: 'debug', seconds: 600 }, 'a').until).toBe(
      '2026-05-19T08:10:00.000Z',
    )
  })
})
