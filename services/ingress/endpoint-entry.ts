import { isDeepStrictEqual } from 'node:util'
import type { EndpointId, TenantId } from '#core/ids.ts'
import { endpointId, tenantId } from '#core/ids.ts'
import { decisionUrl as decisionUrlOf } from './decision-url.ts'

/** A signing secret as a store describes it, its value in the clear. */
export interface SecretEntry {
  readonly id: string
  readonly value: string
  /** Milliseconds since the epoch; only says which secret is the newest. */
  readonly sinceMs: number | null
  /** Milliseconds since the epoch; from then on the secret verifies nothing. */
  readonly notAfterMs: number | null
}

/** `disabled` may come back; `removed` never does. */
export type EndpointState = 'enabled' | 'disabled' | 'removed'

/** An endpoint as a store describes it. */
export interface EndpointEntry {
  readonly id: EndpointId
  readonly tenantId: TenantId
  readonly liveMode: boolean
  readonly state: EndpointState
  /** Who decides synchronous authorization requests; null: they are answered 501. */
  readonly decisionUrl: string | null
  readonly secrets: readonly SecretEntry[]
}

export type Fields = Readonly<Record<string, unknown>>

/** The value as an object, or null when it is something else. */
export function fieldsOf(value: unknown): Fields | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Fields) : null
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** Milliseconds since the epoch of an RFC 3339 time, or null when it is none. */
function instantOf(value: unknown): number | null {
  if (typeof value !== 'string' || !RFC3339.test(value)) return null
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? null : ms
}

/** A time that may be missing; undefined when it is there and is none. */
function optionalInstant(fields: Fields, name: string): number | null | undefined {
  const value = fields[name] ?? null
  return value === null ? null : (instantOf(value) ?? undefined)
}

function secretOf(value: unknown): SecretEntry | string {
  const fields = fieldsOf(value)
  const id = fields === null ? '' : text(fields, 'id')
  const secret = fields === null ? '' : text(fields, 'value')
  if (fields === null || id === '' || secret === '') {
    return 'needs secrets, each with an id and a value'
  }
  const sinceMs = optionalInstant(fields, 'since')
  const notAfterMs = optionalInstant(fields, 'not_after')
  if (sinceMs === undefined || notAfterMs === undefined) {
    return 'has a secret whose since or not_after is no time such as 2026-05-19T08:30:00Z'
  }
  return { id, value: secret, sinceMs, notAfterMs }
}

function secretsOf(value: unknown): readonly SecretEntry[] | string {
  if (!Array.isArray(value)) return 'needs secrets, each with an id and a value'
  const secrets: SecretEntry[] = []
  for (const each of value) {
    const secret = secretOf(each)
    if (typeof secret === 'string') return secret
    if (secrets.some(({ id }) => id === secret.id)) return 'has two secrets of one id'
    secrets.push(secret)
  }
  return secrets
}

function stateOf(fields: Fields): EndpointState | null {
  const { enabled = true, removed = false } = fields
  if (typeof enabled !== 'boolean' || typeof removed !== 'boolean') return null
  if (removed) return 'removed'
  return enabled ? 'enabled' : 'disabled'
}

/** Reads one item of a list of endpoints; what is wrong, in words that repeat nothing of it. */
export function endpointEntry(value: unknown): EndpointEntry | string {
  const fields = fieldsOf(value)
  if (fields === null) return 'is no object'
  const id = endpointId(text(fields, 'id'))
  if (id === null) return 'needs an id that begins with whk_'
  const tenant = tenantId(text(fields, 'tenant_id'))
  if (tenant === null) return 'needs a tenant_id that begins with tnt_'
  const liveMode = fields.live_mode
  if (typeof liveMode !== 'boolean') return 'needs live_mode, true or false'
  const state = stateOf(fields)
  if (state === null) return 'has enabled or removed that is neither true nor false'
  const secrets = secretsOf(fields.secrets)
  if (typeof secrets === 'string') return secrets
  const decisionUrl = decisionUrlOf(fields.decision_url)
  if (decisionUrl === undefined) return 'has a decision_url that is no plain http or https address'
  return { id, tenantId: tenant, liveMode, state, decisionUrl: decisionUrl?.href ?? null, secrets }
}

/** What was parsed from one file, and what people call the file. */
export interface EndpointDocument {
  readonly name: string
  readonly content: unknown
}

/** An endpoint and where it stands. */
export interface PlacedEntry {
  readonly entry: EndpointEntry
  /** Position of its document, and within the document's list; from 0. */
  readonly document: number
  readonly position: number
}

export type EntriesResult =
  | { readonly ok: true; readonly entries: ReadonlyMap<string, PlacedEntry> }
  | { readonly ok: false; readonly problems: readonly string[] }

/** The same in another file, as when an endpoint moves from one Secret to another. */
function isCopy(held: PlacedEntry | undefined, entry: EndpointEntry, document: number): boolean {
  return held !== undefined && held.document !== document && isDeepStrictEqual(held.entry, entry)
}

/**
 * Reads `{"endpoints":[…]}` as parsed from one or several files. All problems are named at once,
 * by file and position; a set with any problem is refused whole.
 */
export function endpointEntries(documents: readonly EndpointDocument[]): EntriesResult {
  const entries = new Map<string, PlacedEntry>()
  const problems: string[] = []
  for (const [document, { name, content }] of documents.entries()) {
    const list = fieldsOf(content)?.endpoints
    if (!Array.isArray(list)) {
      problems.push(`${name}: needs a list named endpoints`)
      continue
    }
    for (const [position, value] of list.entries()) {
      const entry = endpointEntry(value)
      const place = `${name}, endpoint ${position + 1}`
      if (typeof entry === 'string') problems.push(`${place}: ${entry}`)
      else if (!entries.has(entry.id)) entries.set(entry.id, { entry, document, position })
      else if (!isCopy(entries.get(entry.id), entry, document)) {
        problems.push(`${place}: its id stands there twice`)
      }
    }
  }
  return problems.length === 0 ? { ok: true, entries } : { ok: false, problems }
}
