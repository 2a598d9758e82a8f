import type { CatalogueEntry, KnownEntry } from '#core/catalogue.ts'
import { catalogueValue } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS, recordName } from '#core/routing.ts'
import type { VersionState } from '#core/versions.ts'
import { firstState } from '#core/versions.ts'
import type { DeclaredTopic, FoundTopic, TopicPlan } from '#platform/kafka/topic-plan.ts'
import { topicPlan } from '#platform/kafka/topic-plan.ts'
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

/** What was found before the first change. */
export interface FoundState {
  readonly topics: readonly FoundTopic[]
  readonly subjects: readonly SubjectState[]
  readonly catalogue: ReadonlyMap<ApiVersion, KnownEntry>
}

/** An entry that is missing or differs, with the state that it will have. */
interface PlannedEntry {
  readonly version: ApiVersion
  readonly state: VersionState
}

/** What is to be changed, in this order; conflicts stand in the way of everything. */
export interface RegistrationPlan {
  readonly topics: TopicPlan
  /** Levels first, since they must stand before the first schema. */
  readonly levels: readonly SubjectState[]
  readonly schemas: readonly SubjectState[]
  readonly entries: readonly PlannedEntry[]
}

/** Compares what is found with what is declared: the one decision of `plan` and `register`. */
export function registrationPlan(
  declared: readonly DeclaredTopic[],
  { topics, subjects, catalogue }: FoundState,
  level: string,
): RegistrationPlan {
  return {
    topics: topicPlan(declared, topics),
    levels: subjects.filter((state) => state.level !== level),
    schemas: subjects.filter(({ schemaId }) => schemaId === null),
    entries: plannedEntries(subjects, catalogue),
  }
}

function isRegistered(subject: SubjectState): subject is RegisteredSubject {
  return subject.schemaId !== null
}

/** A schema without an id will get one, so the entry of its version will differ. */
function plannedEntries(
  subjects: readonly SubjectState[],
  catalogue: FoundState['catalogue'],
): readonly PlannedEntry[] {
  const versions = [...new Set(subjects.map(({ version }) => version))]
  return versions.flatMap((version) => {
    const own = subjects.filter((subject) => subject.version === version)
    const entries = own.every(isRegistered)
      ? entriesToWrite(own, catalogue)
      : [{ version, state: stateOf(version, catalogue) }]
    return entries.map(({ state }) => ({ version, state }))
  })
}

/** A subject whose schema is registered. */
export type RegisteredSubject = SubjectState & { readonly schemaId: number }

/** A version that the catalogue knows keeps its state. */
function stateOf(version: ApiVersion, catalogue: FoundState['catalogue']): VersionState {
  return catalogue.get(version)?.state ?? firstState(catalogue.size === 0)
}

function entryOf(
  version: ApiVersion,
  subjects: readonly RegisteredSubject[],
  catalogue: FoundState['catalogue'],
): CatalogueEntry {
  const domains = Object.fromEntries(
    subjects
      .filter((subject) => subject.version === version)
      .map(({ domain, subject, schemaId, schema }) => [domain, { subject, schemaId, schema }]),
  ) as CatalogueEntry['domains']
  return { version, state: stateOf(version, catalogue), domains }
}

/** The catalogue entries to be written: those that are missing, differ, or were taken back. */
export function entriesToWrite(
  subjects: readonly RegisteredSubject[],
  catalogue: ReadonlyMap<ApiVersion, KnownEntry>,
): readonly CatalogueEntry[] {
  const versions = [...new Set(subjects.map(({ version }) => version))]
  return versions
    .map((version) => entryOf(version, subjects, catalogue))
    .filter((entry) => {
      const known = catalogue.get(entry.version)
      if (known === undefined || known.isTakenBack === true) return true
      return catalogueValue(known) !== catalogueValue(entry)
    })
}
