import { describe, expect, it } from 'vitest'
import type { DatabaseFacts } from '#cli/doctor/database.ts'
import { clockFindings, databaseFindings } from '#cli/doctor/database.ts'

function facts(found: number | null, changes: Partial<DatabaseFacts> = {}): DatabaseFacts {
  const migrations = [
    { versionTable: 'runtime.schema_version', found: 6, latest: 6 },
    { versionTable: 'card.schema_version', found, latest: 3 },
  ]
  return { migrations, clockAheadMs: 0, roundTripMs: 4, ...changes }
}

describe('the database', () => {
  it('is in order with every script of this release', () => {
    expect(databaseFindings(facts(3))).toMatchObject([
      { grade: 'ok', words: 'all 2 schemas are migrated; it answers in 4 ms' },
    ])
  })

  it.each([
    ['tables of a consumer that never ran', null, 'fault', /no tables of card/],
    ['tables of an older release', 2, 'fault', /card are of an older release/],
    ['tables of a newer release', 4, 'warning', /card are of a newer release/],
  ])('is told with %s', (_, found, grade, says) => {
    expect(databaseFindings(facts(found))).toMatchObject([
      { grade, words: expect.stringMatching(says) },
    ])
  })
})

describe('the clocks', () => {
  it.each([
    [4000, 'ok', /to within 5 s/],
    [-4000, 'ok', /to within 5 s/],
    [20_000, 'warning', /Postgres is 20 s ahead of/],
    [-61_000, 'fault', /Postgres is 1 min 1 s behind/],
  ])('that are %i ms apart', (clockAheadMs, grade, says) => {
    expect(clockFindings(facts(3, { clockAheadMs }))).toMatchObject([
      { grade, words: expect.stringMatching(says) },
    ])
  })

  it('are not said to differ by what a slow answer explains', () => {
    const slow = facts(3, { clockAheadMs: 6000, roundTripMs: 8000 })
    expect(clockFindings(slow)).toMatchObject([{ grade: 'ok' }])
  })
})
