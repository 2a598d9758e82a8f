import type { ApiVersion } from './ids.ts'
import { apiVersion } from './ids.ts'
import type { Domain } from './routing.ts'
import { DOMAINS } from './routing.ts'
import type { VersionState } from './versions.ts'
import { VERSION_STATES } from './versions.ts'

/** A registered schema: everything a service needs without asking the registry. */
export interface RegisteredSchema {
  readonly subject: string
  readonly schemaId: number
  /** The Avro schema as JSON text. */
  readonly schema: string
}

/** One API version in the control topic. */
export interface CatalogueEntry {
  readonly version: ApiVersion
  readonly state: VersionState
  readonly domains: Readonly<Record<Domain, RegisteredSchema>>
}

/** An entry as the records of the control topic, one after another, make it. */
export interface KnownEntry extends CatalogueEntry {
  /** The last record says an earlier state than this one, which holds; it has to be written again. */
  readonly isTakenBack?: true
}

export type CatalogueResult =
  | { readonly ok: true; readonly entry: CatalogueEntry }
  | { readonly ok: false; readonly problem: string }

const KEY_PREFIX = 'version/'

/** The key of a version's entry in the control topic. */
export function catalogueKey(version: ApiVersion): string {
  return `${KEY_PREFIX}${version}`
}

/** Whether a record of the control topic is about a version. */
export function isCatalogueKey(key: string): boolean {
  return key.startsWith(KEY_PREFIX)
}

/** The value of a version's entry: JSON with its domains in a fixed order. */
export function catalogueValue(entry: CatalogueEntry): string {
  const domains = Object.fromEntries(
    DOMAINS.map((domain) => {
      const { subject, schemaId, schema } = entry.domains[domain]
      return [domain, { subject, schema_id: schemaId, schema }]
    }),
  )
  return JSON.stringify({ version: entry.version, state: entry.state, domains })
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null ? (value as Fields) : null
}

function registeredSchema(value: unknown): RegisteredSchema | null {
  const fields = fieldsOf(value)
  if (fields === null) return null
  const { subject, schema_id: schemaId, schema } = fields
  if (typeof subject !== 'string' || typeof schema !== 'string') return null
  if (typeof schemaId !== 'number' || !Number.isInteger(schemaId)) return null
  return { subject, schemaId, schema }
}

function registeredDomains(value: unknown): Record<Domain, RegisteredSchema> | null {
  const fields = fieldsOf(value)
  if (fields === null) return null
  const pairs = DOMAINS.map((domain) => [domain, registeredSchema(fields[domain])] as const)
  if (pairs.some(([, schema]) => schema === null)) return null
  return Object.fromEntries(pairs) as Record<Domain, RegisteredSchema>
}

function parsedJson(text: string): Fields | null {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return null
  }
}

/** Reads a version's entry; a broken one is a problem in words, never an exception. */
export function parseCatalogueEntry(key: string, value: string): CatalogueResult {
  const fields = parsedJson(value)
  if (fields === null) return { ok: false, problem: 'the value is no JSON object' }
  const version = typeof fields.version === 'string' ? apiVersion(fields.version) : null
  if (version === null || catalogueKey(version) !== key) {
    return { ok: false, problem: 'the version is no date or differs from the key' }
  }
  const state = VERSION_STATES.find((known) => known === fields.state)
  if (state === undefined) return { ok: false, problem: 'the state is unknown to this release' }
  const domains = registeredDomains(fields.domains)
  if (domains === null) return { ok: false, problem: 'a domain lacks its schema' }
  return { ok: true, entry: { version, state, domains } }
}
