import { setImmediate as turn } from 'node:timers/promises'
import type { Row, Transaction } from '#platform/postgres/database.ts'
import type { MigrationSet } from '#platform/postgres/migrations.ts'
import type { EndpointEntry, SecretEntry } from './endpoint-entry.ts'
import { endpointEntry } from './endpoint-entry.ts'
import type { SealingKeys } from './sealing.ts'
import { seal, unseal } from './sealing.ts'

export const ENDPOINT_MIGRATIONS: MigrationSet = {
  folder: new URL('migrations/', import.meta.url),
  versionTable: 'endpoints.schema_version',
}

/** Endpoints whose secrets are opened in one go; ten thousand take about 200 ms. */
const AT_ONCE = 200
const REVISION = 'SELECT value FROM endpoints.revision'
const NEWER = `
SELECT id, tenant_id, live_mode, state, decision_url, secrets, revision FROM endpoints.endpoints
WHERE revision > $1 ORDER BY id`

/** Counts every change; it only ever grows, unless an older copy of the database was restored. */
export async function revisionOf(transaction: Transaction): Promise<bigint> {
  const [row] = await transaction.query({ name: 'endpoints_revision', text: REVISION, values: [] })
  return (row?.value as bigint | undefined) ?? 0n
}

export interface EndpointRows {
  readonly entries: readonly EndpointEntry[]
  /** The newest change among them, at least what was asked for. */
  readonly revision: bigint
  /** Endpoints that cannot be used, by id, never more of them. */
  readonly problems: readonly string[]
}

interface SealedSecret {
  readonly id: string
  readonly since: string | null
  readonly not_after: string | null
  readonly key: string
  readonly sealed: string
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

/** The secrets of an endpoint as its row holds them. */
export function sealedSecrets(keys: SealingKeys, entry: EndpointEntry): string {
  const secrets = entry.secrets.map(({ id, value, sinceMs, notAfterMs }: SecretEntry) => ({
    id,
    since: iso(sinceMs),
    not_after: iso(notAfterMs),
    ...seal(keys, entry, id, value),
  }))
  return JSON.stringify(secrets satisfies readonly SealedSecret[])
}

function entryOf(keys: SealingKeys, row: Row): EndpointEntry | string {
  const { id, tenant_id, live_mode, state, decision_url, secrets } = row
  const bare = { id, tenant_id, live_mode, decision_url, secrets: [] }
  const owner = endpointEntry({
    ...bare,
    enabled: state === 'enabled',
    removed: state === 'removed',
  })
  if (typeof owner === 'string') return owner
  const opened: unknown[] = []
  for (const secret of secrets as readonly SealedSecret[]) {
    const value = unseal(keys, owner, secret.id, secret)
    if (value === null) return 'has a secret that no key of ENDPOINTS_KEYS opens'
    opened.push({ ...secret, value })
  }
  return endpointEntry({
    ...bare,
    secrets: opened,
    enabled: owner.state === 'enabled',
    removed: owner.state === 'removed',
  })
}

/** Endpoints that changed after a revision, in one statement and so of one moment. */
export async function rowsAfter(
  transaction: Transaction,
  keys: SealingKeys,
  known: bigint,
): Promise<EndpointRows> {
  const values = [known]
  const rows = await transaction.query({ name: 'endpoints_newer', text: NEWER, values })
  const entries: EndpointEntry[] = []
  const problems: string[] = []
  let revision = known
  for (const [i, row] of rows.entries()) {
    if (i % AT_ONCE === AT_ONCE - 1) await turn()
    const entry = entryOf(keys, row)
    if (typeof entry === 'string') problems.push(`endpoint ${row.id}: ${entry}`)
    else entries.push(entry)
    if ((row.revision as bigint) > revision) revision = row.revision as bigint
  }
  return { entries, revision, problems }
}
