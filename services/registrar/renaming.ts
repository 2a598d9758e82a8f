import type { DescribedField } from './schema-fields.ts'

/** A field that is gone and one that is new, which may be the same one. Always a guess. */
export interface Renaming {
  readonly from: DescribedField
  readonly to: DescribedField
}

/** Types of a field and of all within it: what two fields share when one is the other renamed. */
function shapeOf(field: DescribedField, fields: readonly DescribedField[]): string {
  const inside = fields
    .filter(({ path }) => isWithin(path, field.path))
    .map(({ path, type }) => `${path.slice(field.path.length)}:${type}`)
  return [field.type, ...inside].join(' ')
}

/** Whether a path lies below another one. */
export function isWithin(path: string, outer: string): boolean {
  return path.startsWith(`${outer}.`) || path.startsWith(`${outer}[]`)
}

function placeAmongSiblings(field: DescribedField, fields: readonly DescribedField[]): number {
  return fields.filter(({ parent }) => parent === field.parent).indexOf(field)
}

function sharedWords(a: string, b: string): number {
  const words = new Set(a.split('_'))
  return b.split('_').filter((word) => words.has(word)).length
}

/** Fields of one version that the other lacks, but for those within such a field. */
export function ownFields(
  fields: readonly DescribedField[],
  others: readonly DescribedField[],
): readonly DescribedField[] {
  const known = new Set(others.map(({ path }) => path))
  const own = fields.filter(({ path }) => !known.has(path))
  return own.filter(({ path }) => !own.some((outer) => isWithin(path, outer.path)))
}

/**
 * Which of the removed fields may live on under another name: same place in the tree, same types,
 * and a word of the name or the position among its siblings in common. A registry compares names;
 * whether it is a renaming only the sender knows.
 */
export function guessedRenamings(
  before: readonly DescribedField[],
  after: readonly DescribedField[],
): readonly Renaming[] {
  const removed = ownFields(before, after)
  const added = ownFields(after, before)
  const pairs = removed.flatMap((from) =>
    added
      .filter((to) => from.parent === to.parent && shapeOf(from, before) === shapeOf(to, after))
      .map((to) => {
        const samePlace = placeAmongSiblings(from, before) === placeAmongSiblings(to, after)
        return { from, to, score: 2 * sharedWords(from.name, to.name) + (samePlace ? 1 : 0) }
      })
      .filter(({ score }) => score > 0),
  )
  const taken = new Set<DescribedField>()
  return pairs
    .sort((a, b) => b.score - a.score)
    .filter(({ from, to }) => {
      if (taken.has(from) || taken.has(to)) return false
      taken.add(from).add(to)
      return true
    })
    .map(({ from, to }) => ({ from, to }))
}
