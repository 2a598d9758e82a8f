import type { Column, ColumnValue, Fields } from './contract.ts'

/** Names of fields, from a resource down to one that holds a value of this type. */
type PathTo<Resource, Value> = {
  [Name in keyof Resource & string]:
    | ([NonNullable<Resource[Name]>] extends [Value] ? [Name] : never)
    | BelowTo<Name, NonNullable<Resource[Name]>, Value>
}[keyof Resource & string]

type BelowTo<Name extends string, Held, Value> = Held extends readonly unknown[]
  ? never
  : Held extends object
    ? [Name, ...PathTo<Held, Value>]
    : never

/** Columns made from fields of a resource. */
interface Columns<Resource> {
  text(...path: PathTo<Resource, string>): Column
  /** In the smallest unit of its currency (cents). */
  amount(...path: PathTo<Resource, bigint>): Column
  /** A floating-point number (degrees). */
  number(...path: PathTo<Resource, number>): Column
  /** How many items a list has. */
  count(...path: PathTo<Resource, readonly unknown[]>): Column
  /** A list of words, as a JSON array. */
  words(...path: PathTo<Resource, readonly string[]>): Column
}

function at(resource: Fields, path: readonly string[]): unknown {
  let value: unknown = resource
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null
    value = (value as Fields)[name]
  }
  return value
}

function maker(type: Column['type'], of: (value: unknown) => ColumnValue) {
  return (...path: readonly string[]): Column => ({
    type,
    of: (resource) => of(at(resource, path)),
  })
}

function wordList(value: unknown): string | null {
  if (!Array.isArray(value)) return null
  return value.every((word) => typeof word === 'string') ? JSON.stringify(value) : null
}

const MAKERS = {
  text: maker('text', (value) => (typeof value === 'string' ? value : null)),
  amount: maker('bigint', (value) => (typeof value === 'bigint' ? value : null)),
  number: maker('double precision', (value) => (typeof value === 'number' ? value : null)),
  count: maker('bigint', (value) => (Array.isArray(value) ? BigInt(value.length) : null)),
  words: maker('jsonb', wordList),
}

/**
 * Makers of columns for a resource as the generated types describe it: a path that it does not
 * have, or that leads to another type, does not compile. An event's version may still lack a field,
 * and versions come at run time, so each column is null where the value is missing or another.
 */
export function columnsOf<Resource>(): Columns<Resource> {
  // At run time a path is names; only the compiler knows which there are.
  return MAKERS as unknown as Columns<Resource>
}
