import type { CatalogueEntry } from '#core/catalogue.ts'
import { catalogueValue } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS, recordName } from '#core/routing.ts'
import type { SchemaFolder } from './schema-files.ts'

/** A schema as declared, and what the registry has of it. */
export interface SubjectState {
  readonly version: ApiVersion
  readonly domain: Domain
  readonly subject: string
  readonly schema: string
  /** The subject's own compatibility level, or null when it has none. */
  readonly level: string | null
  /** The id of exactly this schema in the subject, or null when it is not registered. */
  readonly schemaId: number | null
}

export interface DeclaredSubject {
  readonly version: ApiVersion
  readonly domain: Domain
  readonly subject: string
  readonly schema: string
}

/** One thing that a registration changes. */
export type Change =
  | { readonly kind: 'topic_created'; readonly topic: string }
  | { readonly kind: 'compatibility_set'; readonly subject: string; readonly was: string | null }
  | { readonly kind: 'schema_registered'; readonly subject: string; readonly schemaId: number }
  | { readonly kind: 'entry_written'; readonly version: ApiVersion; readonly state: string }

/** Every subject that the folders declare (RecordNameStrategy). */
export function declaredSubjects(folders: readonly SchemaFolder[]): readonly DeclaredSubject[] {
  return folders.flatMap(({ version, schemas }) =>
    DOMAINS.map((domain) => ({
      version,
      domain,
      subject: recordName(version, domain),
      schema: schemas[domain],
    })),
  )
}

/** What the registry lacks: levels first, since they must stand before the first version. */
export interface SubjectPlan {
  readonly levels: readonly SubjectState[]
  readonly schemas: readonly SubjectState[]
}

/** Compares what is found in the registry with what is declared. */
export function subjectPlan(states: readonly SubjectState[], level: string): SubjectPlan {
  return {
    levels: states.filter((state) => state.level !== level),
    schemas: states.filter(({ schemaId }) => schemaId === null),
  }
}

/** A subject whose schema is registered. */
export type RegisteredSubject = SubjectState & { readonly schemaId: number }

function entryOf(
  version: ApiVersion,
  subjects: readonly RegisteredSubject[],
  known: CatalogueEntry | undefined,
): CatalogueEntry {
  const domains = Object.fromEntries(
    subjects
      .filter((subject) => subject.version === version)
      .map(({ domain, subject, schemaId, schema }) => [domain, { subject, schemaId, schema }]),
  ) as CatalogueEntry['domains']
  return { version, state: known?.state ?? 'active', domains }
}

/**
 * The catalogue entries to be written: those that are missing or differ. A version that the
 * catalogue knows keeps its state; a new one is active at once.
 */
export function entriesToWrite(
  subjects: readonly RegisteredSubject[],
  catalogue: ReadonlyMap<ApiVersion, CatalogueEntry>,
): readonly CatalogueEntry[] {
  const versions = [...new Set(subjects.map(({ version }) => version))]
  return versions
    .map((version) => entryOf(version, subjects, catalogue.get(version)))
    .filter((entry) => {
      const known = catalogue.get(entry.version)
      return known === undefined || catalogueValue(known) !== catalogueValue(entry)
    })
}
