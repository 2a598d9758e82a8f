import { setImmediate as turn } from 'node:timers/promises'
import type { TenantId } from '#core/ids.ts'
import type { Row, Transaction } from '#platform/postgres/database.ts'
import type { MigrationSet } from '#platform/postgres/migrations.ts'
import type { EndpointEntry, EndpointState, SecretEntry } from './endpoint-entry.ts'
import { endpointEntry, fieldsOf } from './endpoint-entry.ts'
import type { SealingKeys } from './sealing.ts'
import { seal, unseal } from './sealing.ts'

export const ENDPOINT_MIGRATIONS: MigrationSet = {
  folder: new URL('migrations/', import.meta.url),
  versionTable: 'endpoints.schema_version',
}

const UNOPENED = 'has a secret that no key of ENDPOINTS_KEYS opens'
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

/** What may be otherwise than a row says; undefined is as it says. */
export interface OtherFacts {
  readonly tenantId?: TenantId | undefined
  readonly liveMode?: boolean | undefined
  readonly decisionUrl?: string | null | undefined
}

/** A row that could be read, with those of its secrets that open. */
interface OpenedRow {
  readonly entry: EndpointEntry
  /** Ids of the secrets that no key opens. */
  readonly sealed: readonly string[]
}

/** An endpoint whose row cannot be used as it is. */
export interface FaultyRow {
  readonly id: string
  /** In words that repeat nothing but the id. */
  readonly problem: string
  readonly state: EndpointState
  /** Disabled or removed, and without secrets; null when not even that can be read of it. */
  readonly bare: EndpointEntry | null
  /** What it is when some of it is otherwise; what is wrong with it then, in words. */
  opened(otherwise: OtherFacts): OpenedRow | string
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

function isSealed(value: unknown): value is SealedSecret {
  const fields = fieldsOf(value)
  return ['id', 'key', 'sealed'].every((name) => typeof fields?.[name] === 'string')
}

function openedRow(keys: SealingKeys, row: Row): OpenedRow | string {
  const { state, secrets, ...facts } = row
  const states = { enabled: state === 'enabled', removed: state === 'removed' }
  const owner = endpointEntry({ ...facts, ...states, secrets: [] })
  if (typeof owner === 'string') return owner
  if (!Array.isArray(secrets) || !secrets.every(isSealed)) return 'has secrets that are no list'
  const opened = secrets.map((secret) => ({
    ...secret,
    value: unseal(keys, owner, secret.id, secret),
  }))
  const usable = opened.filter(({ value }) => value !== null)
  const entry = endpointEntry({ ...facts, ...states, secrets: usable })
  if (typeof entry === 'string') return entry
  const sealed = opened.filter(({ value }) => value === null).map(({ id }) => id)
  return { entry, sealed }
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
    const opened = openedRow(keys, row)
    if (typeof opened === 'string') faulty.push(faultyRow(keys, row, opened))
    else if (opened.sealed.length > 0) faulty.push(faultyRow(keys, row, UNOPENED))
    else entries.push(opened.entry)
  }
  return { entries, faulty }
}

function faultyRow(keys: SealingKeys, row: Row, problem: string): FaultyRow {
  const { id, tenant_id, live_mode, state } = row
  const removed = state === 'removed'
  const bare = endpointEntry({ id, tenant_id, live_mode, enabled: false, removed, secrets: [] })
  return {
    id: String(id),
    problem: `endpoint ${id}: ${problem}`,
    bare: typeof bare === 'string' ? null : bare,
    state: state as EndpointState,
    opened: ({ tenantId, liveMode, decisionUrl }) =>
      openedRow(keys, {
        ...row,
        ...(tenantId === undefined ? {} : { tenant_id: tenantId }),
        ...(liveMode === undefined ? {} : { live_mode: liveMode }),
        ...(decisionUrl === undefined ? {} : { decision_url: decisionUrl }),
      }),
  }
}
