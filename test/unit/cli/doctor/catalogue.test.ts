import { describe, expect, it } from 'vitest'
import { catalogueFindings } from '#cli/doctor/catalogue.ts'
import type { CatalogueEntry } from '#core/catalogue.ts'
import type { VersionState } from '#core/versions.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const SECOND = 1000
const HOUR = 3_600_000

function dated(version: string, state: VersionState, agoMs = 1000 * HOUR) {
  const entry = { version, state, domains: {} } as unknown as CatalogueEntry
  return { entry, writtenMs: NOW - agoMs }
}

const ACTIVE = dated('2026-02-01', 'active')

describe('the catalogue', () => {
  it('is in order with active and retired versions', () => {
    const entries = [dated('2025-11-01', 'retired'), ACTIVE]
    expect(catalogueFindings(entries, NOW)).toMatchObject([
      { grade: 'ok', words: '2 versions: 1 active, 1 retired' },
    ])
  })

  it('stops every event when it is empty', () => {
    expect(catalogueFindings([], NOW)).toMatchObject([
      { grade: 'fault', remedy: expect.stringContaining('schemas register') },
    ])
  })

  it.each([
    ['draining as `versions add` does it', 'draining', 20 * SECOND, 'warning', /draining for 20 s/],
    ['draining for too long', 'draining', 121 * SECOND, 'fault', /draining for 2 min 1 s/],
    ['waiting to be released', 'unknown', 2 * HOUR, 'warning', /not routed: its events wait/],
  ] as const)('tells a version that is %s', (_, state, agoMs, grade, says) => {
    const entries = [ACTIVE, dated('2026-05-19', state, agoMs)]
    expect(catalogueFindings(entries, NOW)).toMatchObject([
      { grade, words: expect.stringMatching(says) },
    ])
  })

  it('says nothing of a version that was registered a moment ago', () => {
    const entries = [ACTIVE, dated('2026-05-19', 'unknown', 60 * SECOND)]
    expect(catalogueFindings(entries, NOW)).toMatchObject([
      { grade: 'ok', words: '2 versions: 1 unknown, 1 active' },
    ])
  })

  it('is of no use when no version is active', () => {
    const entries = [dated('2026-05-19', 'unknown', SECOND)]
    expect(catalogueFindings(entries, NOW)).toMatchObject([
      { grade: 'fault', words: 'no version is active' },
    ])
  })
})
