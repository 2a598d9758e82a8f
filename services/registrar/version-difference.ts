import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import type { Renaming } from './renaming.ts'
import { guessedRenamings, isWithin, ownFields } from './renaming.ts'
import type { DescribedField } from './schema-fields.ts'
import { describedFields } from './schema-fields.ts'

/** One thing in which a version differs from another; paths are those of the later one. */
export type Difference =
  | { readonly kind: 'added' | 'removed'; readonly path: string; readonly type: string }
  /** A guess: only the sender knows whether the field is the same. */
  | {
      readonly kind: 'renamed'
      readonly path: string
      readonly was: string
      readonly type: string
      readonly guess: true
    }
  | { readonly kind: 'retyped'; readonly path: string; readonly was: string; readonly type: string }
  | { readonly kind: 'pii_added' | 'pii_removed'; readonly path: string }
  | { readonly kind: 'inferred_added' | 'inferred_removed'; readonly path: string }
  | { readonly kind: 'doc'; readonly path: string; readonly was: string; readonly doc: string }

export type DomainDifference = Difference & { readonly domain: Domain }

/** The path in the later version, when the field or what it stands in was renamed. */
function laterPath(path: string, renamings: readonly Renaming[]): string {
  const renaming = renamings.find(({ from }) => path === from.path || isWithin(path, from.path))
  if (renaming === undefined) return path
  return `${renaming.to.path}${path.slice(renaming.from.path.length)}`
}

function changesOf(before: DescribedField, after: DescribedField): readonly Difference[] {
  const { path } = after
  const changes: Difference[] = []
  if (before.type !== after.type || before.nullable !== after.nullable) {
    changes.push({ kind: 'retyped', path, was: typeWord(before), type: typeWord(after) })
  }
  if (before.pii !== after.pii) {
    changes.push({ kind: after.pii ? 'pii_added' : 'pii_removed', path })
  }
  if (before.inferred !== after.inferred) {
    changes.push({ kind: after.inferred ? 'inferred_added' : 'inferred_removed', path })
  }
  if (before.doc !== after.doc) {
    changes.push({ kind: 'doc', path, was: before.doc, doc: after.doc })
  }
  return changes
}

/** The type in words, e.g. `string`, `record[]`, `required boolean`. */
function typeWord({ type, nullable }: DescribedField): string {
  return nullable ? type : `required ${type}`
}

/**
 * What differs between the fields of two schemas of one domain. Names, namespaces and docs of
 * records do not count: they differ between versions by law.
 */
function fieldDifferences(
  before: readonly DescribedField[],
  after: readonly DescribedField[],
): readonly Difference[] {
  const renamings = guessedRenamings(before, after)
  const kept = new Map(before.map((field) => [laterPath(field.path, renamings), field]))
  const isRenamed = (field: DescribedField) =>
    renamings.some(({ from, to }) => from === field || to === field)
  const removed = ownFields(before, after)
    .filter((field) => !isRenamed(field))
    .map((field): Difference => ({ kind: 'removed', path: field.path, type: typeWord(field) }))
  const added = ownFields(after, before)
    .filter((field) => !isRenamed(field))
    .map((field): Difference => ({ kind: 'added', path: field.path, type: typeWord(field) }))
  const renamed = renamings.map(
    ({ from, to }): Difference => ({
      kind: 'renamed',
      path: to.path,
      was: from.path,
      type: typeWord(to),
      guess: true,
    }),
  )
  const changed = after.flatMap((field) => {
    const was = kept.get(field.path)
    return was === undefined ? [] : changesOf(was, field)
  })
  return [...removed, ...renamed, ...added, ...changed]
}

/** What differs between two versions, domain by domain; both must have passed the linter. */
export function versionDifferences(
  before: Readonly<Record<Domain, string>>,
  after: Readonly<Record<Domain, string>>,
): readonly DomainDifference[] {
  return DOMAINS.flatMap((domain) =>
    fieldDifferences(describedFields(before[domain]), describedFields(after[domain])).map(
      (difference) => ({ ...difference, domain }),
    ),
  )
}
