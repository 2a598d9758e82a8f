import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { programConsumer } from '#consumers/program/projection.ts'
import { migrationSets } from '#consumers/runtime/migration-sets.ts'
import { createLogger } from '#platform/log.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import type { MigrationSet, MigrationState } from '#platform/postgres/migrations.ts'
import { migrate, migrationState } from '#platform/postgres/migrations.ts'
import type { OwnDatabase } from '../../../fixtures/own-database.ts'
import { ownDatabase } from '../../../fixtures/own-database.ts'
import type { TemporaryFolder } from '../../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts'

const OPTIONS = {
  applicationName: 'test',
  poolSize: 1,
  log: createLogger({ service: 'test', level: 'silent' }),
}

const SETS = migrationSets([programConsumer])
const TABLES = `
SELECT string_agg(table_schema || '.' || table_name || '.' || column_name, ' ' ORDER BY 1) AS columns
FROM information_schema.columns WHERE table_schema IN ('runtime', 'program')`

let own: OwnDatabase
let folder: TemporaryFolder

beforeAll(async () => {
  own = await ownDatabase(inject('databaseUrl'))
  folder = await temporaryFolder('migrations')
})
afterAll(async () => {
  await own?.remove()
  await folder?.remove()
})

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

/** A release of one script, in a schema of its own. */
async function oneScript(schema: string, script: string): Promise<MigrationSet> {
  const path = join(folder.path, schema)
  await mkdir(path)
  await writeFile(join(path, '001.do.only.sql'), script)
  return { folder: pathToFileURL(`${path}/`), versionTable: `${schema}.schema_version` }
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

  it('may take longer than any statement may otherwise', async () => {
    const hasty = openDatabase({ ...OPTIONS, url: own.url, statementTimeoutMs: 300 })
    try {
      const slow = await oneScript('slow', 'SELECT pg_sleep(1.6);')
      expect(await migrate(hasty, [slow])).toBe(1)
      const limits = hasty.session((session) =>
        session.query({ text: 'SHOW statement_timeout', values: [] }),
      )
      expect(await limits).toEqual([{ statement_timeout: '300ms' }])
    } finally {
      await hasty.end()
    }
  })

  it('do not queue up before a table that somebody works on', async () => {
    await rows('CREATE TABLE public.busy (n int)')
    const wanted = await oneScript('patient', 'ALTER TABLE public.busy ADD COLUMN m int;')
    await own.database.transaction(async (transaction) => {
      await transaction.query({ text: 'LOCK TABLE public.busy IN ROW EXCLUSIVE MODE', values: [] })
      await expect(migrate(own.database, [wanted])).rejects.toMatchObject({ code: '55P03' })
    })
    expect(await migrate(own.database, [wanted])).toBe(1)
  })
})
