import { instantMs } from '#core/envelope.ts'
import { isFieldName } from './field-trie.ts'

/** What JSON values there are, as far as the types of a schema tell them apart. */
export type ValueKind =
  | 'null'
  | 'string'
  | 'text that is no UTF-8'
  | 'boolean'
  | 'integer'
  | 'integer beyond 64 bits'
  | 'number with a fraction'
  | 'object'
  | 'list'

const MOST_NAMES = 8
const INT64_LIMIT = 2 ** 63
/** What a string looks like; the first that fits. None of them says what it holds. */
const LOOKS: readonly (readonly [look: string, fits: (text: string) => boolean])[] = [
  ['empty', (text) => text === ''],
  ['a whole number', (text) => /^-?\d+$/.test(text)],
  ['a decimal number', (text) => /^-?\d+\.\d+$/.test(text)],
  ['an instant', (text) => instantMs(text) !== null],
  ['a date', (text) => /^\d{4}-\d\d-\d\d$/.test(text)],
  ['true or false', (text) => text === 'true' || text === 'false'],
  ['JSON', (text) => /^\s*[{[]/.test(text)],
]

function numberKind(value: number): ValueKind {
  if (!Number.isInteger(value)) return 'number with a fraction'
  return value >= -INT64_LIMIT && value < INT64_LIMIT ? 'integer' : 'integer beyond 64 bits'
}

export function valueKind(value: unknown): ValueKind {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'list'
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? 'string' : 'text that is no UTF-8'
    case 'boolean':
      return 'boolean'
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? 'integer' : 'integer beyond 64 bits'
    case 'number':
      return numberKind(value)
    default:
      return 'object'
  }
}

function digits(value: number | bigint): number {
  return /\d+/.exec(BigInt(value).toString())?.[0].length ?? 0
}

function fieldsShape(value: object, known: ReadonlySet<string>): string {
  const names = Object.keys(value)
  // A name that no schema holds may be a value that is used as a key.
  const shown = names.slice(0, MOST_NAMES).map((name) => (known.has(name) ? name : '(masked)'))
  const more = names.length > MOST_NAMES ? [`${names.length - MOST_NAMES} more`] : []
  return names.length === 0
    ? 'object without fields'
    : `object of ${[...shown, ...more].join(', ')}`
}

function itemsShape(items: readonly unknown[]): string {
  const kinds = [...new Set(items.map(valueKind))]
  return items.length === 0 ? 'list without items' : `list of ${items.length}: ${kinds.join(', ')}`
}

/**
 * What a value looks like, without the value: its type, its length, the form of its text.
 *
 * @param known names of fields that may be shown
 */
export function valueShape(value: unknown, known: ReadonlySet<string>): string {
  const kind = valueKind(value)
  switch (kind) {
    case 'string': {
      const text = value as string
      const [look] = LOOKS.find(([, fits]) => fits(text)) ?? []
      return `string of ${text.length}${look === undefined ? '' : `, ${look}`}`
    }
    case 'integer':
    case 'integer beyond 64 bits':
      return `${kind}, ${digits(value as number | bigint)} digits`
    case 'object':
      return fieldsShape(value as object, known)
    case 'list':
      return itemsShape(value as readonly unknown[])
    default:
      return kind
  }
}

/** A name as it may be shown: as infer does, only what a schema could hold. */
export function shownName(name: string): string {
  return isFieldName(name) ? name : '(masked name)'
}
