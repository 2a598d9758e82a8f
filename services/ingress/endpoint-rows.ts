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
/** By `to_jsonb`, since a database that no command has migrated yet lacks the column. */
const REVISION = `
SELECT value, to_jsonb(r) -> 'tokens' ->> value::text AS token,
  to_jsonb(r) -> 'tokens' ->> ($1::bigint)::text AS known
FROM endpoints.revision AS r`
const NEWER = `
SELECT id, tenant_id, live_mode, state, decision_url, secrets, revision FROM endpoints.endpoints
WHERE revision > $1 ORDER BY id`

/** A state of the tables. The number alone does not tell it: a failover may count it anew. */
export interface Revision {
  readonly value: bigint
  /** Null in tables that were last changed by a release without tokens. */
  readonly token: string | null
}

export interface FoundRevision extends Revision {
  /** Whether the known one is in the history of this one, so that only newer rows differ. */
  readonly follows: boolean
}

/** What the tables are at, seen from what is known. */
export async function revisionOf(
  transaction: Transaction,
  known: Revision | null,
): Promise<FoundRevision> {
  const values = [known?.value ?? null]
  const [row] = await transaction.query({ name: 'endpoints_revision', text: REVISION, values })
  const value = (row?.value as bigint | undefined) ?? 0n
  const token = (row?.token as string | null | undefined) ?? null
  const kept = (row?.known as string | null | undefined) ?? null
  const follows = known !== null && known.value <= value && known.token === kept
  return { value, token, follows }
}

/** An endpoint whose row cannot be used as it is. */
interface FaultyRow {
  readonly id: string
  /** In words that repeat nothing but the id. */
  readonly problem: string
  /** Disabled and without secrets; null when not even that can be read of it. */
  readonly bare: EndpointEntry | null
}

export interface EndpointRows {
  readonly entries: readonly EndpointEntry[]
  readonly faulty: readonly FaultyRow[]
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
  const faulty: FaultyRow[] = []
  for (const [i, row] of rows.entries()) {
    if (i % AT_ONCE === AT_ONCE - 1) await turn()
    const entry = entryOf(keys, row)
    if (typeof entry === 'string') faulty.push(faultyRow(row, entry))
    else entries.push(entry)
  }
  return { entries, faulty }
}

function faultyRow(row: Row, problem: string): FaultyRow {
  const { id, tenant_id, live_mode } = row
  const bare = endpointEntry({ id, tenant_id, live_mode, enabled: false, secrets: [] })
  return {
    id: String(id),
    problem: `endpoint ${id}: ${problem}`,
    bare: typeof bare === 'string' ? null : bare,
  }
}
