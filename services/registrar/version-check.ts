import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import type { CheckFinding } from './check-finding.ts'
import { compatibilityFindings } from './compatibility.ts'
import type { SampleCheck } from './sample-check.ts'
import { checkSamples } from './sample-check.ts'
import type { SchemaFolder } from './schema-files.ts'
import { checkedFolder } from './schema-files.ts'
import type { DomainDifference } from './version-difference.ts'
import { versionDifferences } from './version-difference.ts'
import type { VersionFolder } from './version-folder.ts'

/** What is published of a version: by domain, the schemas that readers may hold already. */
export type PublishedSchemas = Readonly<Record<Domain, readonly string[]>>

/** What a registry says of a version's subjects. */
export type RegistryVerdict =
  | {
      readonly kind: 'asked'
      readonly published: PublishedSchemas
      /** Domains whose schema it would not take. */
      readonly refused: readonly Domain[]
      /** Subjects with a version whose level is not the one that registration sets. */
      readonly otherLevels: readonly Domain[]
    }
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'not_asked' }

export interface VersionCheck {
  readonly version: ApiVersion
  readonly findings: readonly CheckFinding[]
  readonly samples: SampleCheck
  readonly registry: RegistryVerdict
  /** How many schemas of this very version readers may hold already. */
  readonly published: number
  /** The version it is held against; null for the first one. */
  readonly before: ApiVersion | null
  readonly differences: readonly DomainDifference[]
  /** Event types that the version before has a sample of, and this one none. */
  readonly unsampled: readonly string[]
}

/** A version that has passed the linter, and its samples. */
export interface KnownVersion {
  readonly folder: SchemaFolder
  readonly path: string
  readonly types: readonly string[]
}

const NO_SAMPLES: SampleCheck = { findings: [], types: [], unknownFields: 0 }

function strangerFindings({ version, strangers }: VersionFolder): readonly CheckFinding[] {
  return strangers.map((name) => ({
    file: `${version}/${name}`,
    path: '',
    rule: 'file',
    message: `is the schema of no domain; there are ${DOMAINS.join(', ')}`,
  }))
}

function publishedFindings(
  { version, schemas }: SchemaFolder,
  published: PublishedSchemas,
): readonly CheckFinding[] {
  return DOMAINS.flatMap((domain) => {
    const found = published[domain].flatMap((text) => compatibilityFindings(text, schemas[domain]))
    const unique = new Map(found.map((one) => [`${one.path} ${one.rule} ${one.message}`, one]))
    return [...unique.values()].map((one) => ({ file: `${version}/${domain}.avsc`, ...one }))
  })
}

function registryFindings(version: ApiVersion, registry: RegistryVerdict): readonly CheckFinding[] {
  if (registry.kind !== 'asked') return []
  return registry.refused.map((domain) => ({
    file: `${version}/${domain}.avsc`,
    path: '',
    rule: 'registry-refuses',
    message: 'the registry would not take it beside what is registered (FULL_TRANSITIVE)',
  }))
}

/** The newest version that is older. */
function versionBefore(version: ApiVersion, known: readonly KnownVersion[]): KnownVersion | null {
  return known.filter(({ folder }) => folder.version < version).at(-1) ?? null
}

/**
 * Everything that can be said of a version before it is registered. Pure.
 *
 * @param known versions that passed the linter, oldest first
 *   one of the same version, from another folder, is what readers may hold already
 */
export function checkVersion(
  folder: VersionFolder,
  known: readonly KnownVersion[],
  registry: RegistryVerdict,
): VersionCheck {
  const { version, samples } = folder
  const strangers = strangerFindings(folder)
  const before = versionBefore(version, known)
  const { folders, faults } = checkedFolder(folder)
  const [declared] = folders
  const base = { version, registry, before: before?.folder.version ?? null }
  if (declared === undefined) {
    const findings = [...strangers, ...faults]
    return { ...base, findings, samples: NO_SAMPLES, published: 0, differences: [], unsampled: [] }
  }
  const sampled = checkSamples(declared, samples)
  const published = publishedOf(folder, known, registry)
  return {
    ...base,
    findings: [
      ...strangers,
      ...publishedFindings(declared, published),
      ...registryFindings(version, registry),
      ...sampled.findings,
    ],
    samples: sampled,
    published: Object.values(published).flat().length,
    differences: before === null ? [] : versionDifferences(before.folder.schemas, declared.schemas),
    unsampled: before?.types.filter((type) => !sampled.types.includes(type)) ?? [],
  }
}

function publishedOf(
  { version, path }: VersionFolder,
  known: readonly KnownVersion[],
  registry: RegistryVerdict,
): PublishedSchemas {
  // Another folder's state of the same version; a version is not held against itself.
  const others = known.filter((one) => one.folder.version === version && one.path !== path)
  const same = others[0]?.folder.schemas
  const pairs = DOMAINS.map((domain) => {
    const own = same === undefined ? [] : [same[domain]]
    const registered = registry.kind === 'asked' ? registry.published[domain] : []
    return [domain, [...own, ...registered]] as const
  })
  return Object.fromEntries(pairs) as Record<Domain, readonly string[]>
}

/** A folder as something to hold others against; null when the linter refuses it. */
export function knownVersion(folder: VersionFolder): KnownVersion | null {
  const [checked] = checkedFolder(folder).folders
  const types = folder.samples.map(({ name }) => name.replace(/\.json$/, ''))
  return checked === undefined ? null : { folder: checked, path: folder.path, types }
}
