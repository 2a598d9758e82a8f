import type { MigrationSet } from '#platform/postgres/migrations.ts'
import type { DomainConsumer } from './contract.ts'

const RUNTIME: MigrationSet = {
  folder: new URL('./migrations/', import.meta.url),
  versionTable: 'runtime.schema_version',
}

/** What every domain shares, then what is each domain's own, in the order in which they are made. */
export function migrationSets(domains: readonly DomainConsumer[]): readonly MigrationSet[] {
  const own = domains.map(({ domain, migrations }) => ({
    folder: migrations,
    versionTable: `${domain}.schema_version`,
  }))
  return [RUNTIME, ...own]
}
