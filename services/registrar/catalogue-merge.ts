import type { CatalogueEntry } from '#core/catalogue.ts'
import { catalogueValue } from '#core/catalogue.ts'
import type { VersionState } from '#core/versions.ts'
import { keptState } from '#core/versions.ts'

type Merge =
  /** `missing` are those of `wanted` that are not what the topic has of their version now. */
  | {
      readonly kind: 'merged'
      readonly wanted: readonly CatalogueEntry[]
      readonly missing: readonly CatalogueEntry[]
    }
  /** Somebody else has decided otherwise; in words. */
  | { readonly kind: 'conflict'; readonly why: string }

/**
 * What is wanted now, given all that was written since it was decided, in order, by anybody. An
 * entry that is byte for byte as wanted counts as one's own: a repeated write looks the same.
 */
export type Merging = (wanted: readonly CatalogueEntry[], since: readonly CatalogueEntry[]) => Merge

function merged(
  wanted: readonly CatalogueEntry[],
  since: readonly CatalogueEntry[],
): Extract<Merge, { kind: 'merged' }> {
  const latest = new Map(since.map((entry) => [entry.version, catalogueValue(entry)]))
  const missing = wanted.filter((entry) => latest.get(entry.version) !== catalogueValue(entry))
  return { kind: 'merged', wanted, missing }
}

/** What others wrote of the version of an entry. */
function othersOf(entry: CatalogueEntry, since: readonly CatalogueEntry[]) {
  const own = catalogueValue(entry)
  return since.filter((one) => one.version === entry.version && catalogueValue(one) !== own)
}

/** For whoever brings schemas: theirs are the schemas, and a state of others is never taken back. */
export const keepingStates: Merging = (wanted, since) =>
  merged(
    wanted.map((entry) => ({
      ...entry,
      state: othersOf(entry, since).reduce(
        (state, one) => keptState(state, one.state),
        entry.state,
      ),
    })),
    since,
  )

/**
 * For whoever changes the state from this one: schemas are as others wrote them last. An earlier
 * state that a late registrar wrote is no conflict: nobody who reads the topic goes back to it.
 */
export function keepingSchemas(from: VersionState): Merging {
  return (wanted, since) => {
    const strange = wanted
      .flatMap((entry) => othersOf(entry, since))
      .find(({ state }) => keptState(from, state) !== from)
    if (strange !== undefined) {
      const { version, state } = strange
      const why = `somebody else wrote that ${version} is ${state} while it was ${from}`
      return { kind: 'conflict', why }
    }
    const current = wanted.map((entry) => ({
      ...entry,
      domains: othersOf(entry, since).at(-1)?.domains ?? entry.domains,
    }))
    return merged(current, since)
  }
}
