import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { programConsumer } from '#consumers/program/projection.ts'
import { migrationSets } from '#consumers/runtime/migration-sets.ts'
import type { MigrationState } from '#platform/postgres/migrations.ts'
import { migrate, migrationState } from '#platform/postgres/migrations.ts'
import type { OwnDatabase } from '../../../fixtures/own-database.ts'
import { ownDatabase } from '../../../fixtures/own-database.ts'

const SETS = migrationSets([programConsumer])
const TABLES = `
SELECT string_agg(table_schema || '.' || table_name || '.' || column_name, ' ' ORDER BY 1) AS columns
FROM information_schema.columns WHERE table_schema IN ('runtime', 'program')`

let own: OwnDatabase

beforeAll(async () => {
  own = await ownDatabase(inject('databaseUrl'))
})
afterAll(() => own?.remove())

async function rows(text: string) {
  return await own.database.session((session) => session.query({ text, values: [] }))
}

async function states(): Promise<readonly MigrationState[]> {
  return await own.database.session(async (session) => {
    const found: MigrationState[] = []
    for (const set of SETS) found.push(await migrationState(session, set))
    return found
  })
}

describe('the tables of a release', () => {
  it('are made once, and how far they are can be asked without making any', async () => {
    expect((await states()).map(({ found }) => found)).toEqual([null, null])
    expect(await migrate(own.database, SETS)).toBeGreaterThan(0)
    for (const { found, latest } of await states()) expect(found).toBe(latest)
    expect(await migrate(own.database, SETS)).toBe(0)
  })

  it('are left as they are by an older release that comes back', async () => {
    const before = await rows(TABLES)
    const later = (schema: string) =>
      rows(
        `INSERT INTO ${schema}.schema_version (version, name, run_at) VALUES (999, 'later', now())`,
      )
    await later('runtime')
    await later('program')
    await rows('ALTER TABLE program.programs ADD COLUMN later text')
    expect(await migrate(own.database, SETS)).toBe(0)
    expect((await states()).map(({ found }) => found)).toEqual([999, 999])
    await rows('ALTER TABLE program.programs DROP COLUMN later')
    expect(await rows(TABLES)).toEqual(before)
  })
})
