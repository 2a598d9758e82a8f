import type { SeenField, SeenKind } from './field-trie.ts'

/** What a place of many bodies can be in Avro. */
export type SeenType =
  | { readonly kind: 'scalar'; readonly type: 'string' | 'boolean' | 'long' | 'double' }
  | { readonly kind: 'record' }
  | { readonly kind: 'list'; readonly items: SeenType }
  /** Lists, but nothing in any of them. */
  | { readonly kind: 'empty_list' }
  /** Nothing but null, or never there. */
  | { readonly kind: 'nothing' }
  /** Kinds that no one type holds, or nothing that could be a type. */
  | { readonly kind: 'untyped'; readonly reason: string }

const SCALARS: ReadonlyMap<string, 'string' | 'boolean' | 'long' | 'double'> = new Map([
  ['string', 'string'],
  ['boolean', 'boolean'],
  ['integer', 'long'],
  ['number', 'double'],
  ['integer,number', 'double'],
])

/** How often something was there, null included. */
export function timesSeen({ counts }: SeenField): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function kindsOf({ counts }: SeenField): readonly SeenKind[] {
  return [...counts.keys()].filter((kind) => kind !== 'null').sort()
}

function listType({ items }: SeenField): SeenType {
  if (items === null) return { kind: 'empty_list' }
  if (items.counts.has('null')) return { kind: 'untyped', reason: 'its lists hold null' }
  const own = seenType(items)
  if (own.kind === 'empty_list') return { kind: 'untyped', reason: 'its lists hold empty lists' }
  if (own.kind === 'untyped') return { kind: 'untyped', reason: `in its lists, ${own.reason}` }
  return { kind: 'list', items: own }
}

function recordType({ isMap, fields }: SeenField): SeenType {
  if (isMap) return { kind: 'untyped', reason: 'it has so many keys that they are no names' }
  if (fields.size === 0) return { kind: 'untyped', reason: 'it has no key that could be a name' }
  return { kind: 'record' }
}

/** The type of what was seen; pure. */
export function seenType(seen: SeenField): SeenType {
  const kinds = kindsOf(seen)
  const scalar = SCALARS.get(kinds.join())
  if (scalar !== undefined) return { kind: 'scalar', type: scalar }
  if (kinds.length === 0) return { kind: 'nothing' }
  if (kinds.length > 1) {
    const counts = kinds.map((kind) => `${kind} ${seen.counts.get(kind)} times`)
    return { kind: 'untyped', reason: `it was ${counts.join(', ')}` }
  }
  return kinds[0] === 'list' ? listType(seen) : recordType(seen)
}

/** A type in one word, as in the report of what differs. */
export function typeWord(type: SeenType): string {
  switch (type.kind) {
    case 'scalar':
      return type.type
    case 'record':
      return 'record'
    case 'list':
      return `${typeWord(type.items)}[]`
    case 'empty_list':
      return 'list'
    case 'nothing':
      return 'nothing'
    case 'untyped':
      return 'untyped'
  }
}
