import type { Json } from './lint-finding.ts'
import { isJsonObject } from './lint-finding.ts'

/** One field of a schema, wherever it stands. */
export interface DescribedField {
  /** As the linter writes it: `card.shipping.tracking_number`, `settlement.lines[].type`. */
  readonly path: string
  readonly name: string
  /** Path of what it stands in; empty at the root, `settlement.lines[]` within a list. */
  readonly parent: string
  /** `string`, `long`, `timestamp`, `record`, ...; a list of X is `X[]`. */
  readonly type: string
  /** Name of the nested record, or null where there is none. */
  readonly record: string | null
  readonly nullable: boolean
  readonly hasDefault: boolean
  /** Tagged itself, or stands in something that is tagged. */
  readonly pii: boolean
  readonly inferred: boolean
  readonly doc: string
}

interface Described {
  readonly type: string
  readonly record: Json | null
  readonly nullable: boolean
}

function describedObject(node: Json): Described {
  if (node.type === 'record') return { type: 'record', record: node, nullable: false }
  if (node.type === 'array') {
    const items = describedType(node.items)
    return { type: `${items.type}[]`, record: items.record, nullable: false }
  }
  if (node.logicalType === 'timestamp-millis') {
    return { type: 'timestamp', record: null, nullable: false }
  }
  return describedType(node.type)
}

function describedType(node: unknown): Described {
  if (Array.isArray(node)) {
    const value: unknown = node.find((branch) => branch !== 'null')
    return { ...describedType(value), nullable: node.includes('null') }
  }
  if (isJsonObject(node)) return describedObject(node)
  return { type: String(node), record: null, nullable: false }
}

function fieldsOf(record: Json): readonly Json[] {
  return Array.isArray(record.fields) ? record.fields.filter(isJsonObject) : []
}

function walk(record: Json, parent: string, pii: boolean): readonly DescribedField[] {
  return fieldsOf(record).flatMap((field) => {
    const name = String(field.name)
    const { type, record: inner, nullable } = describedType(field.type)
    const path = parent === '' ? name : `${parent}.${name}`
    const own: DescribedField = {
      path,
      name,
      parent,
      type,
      record: inner === null ? null : String(inner.name),
      nullable,
      hasDefault: Object.hasOwn(field, 'default'),
      pii: pii || field.pii === true,
      inferred: field.inferred === true,
      doc: typeof field.doc === 'string' ? field.doc : '',
    }
    if (inner === null) return [own]
    return [own, ...walk(inner, type.endsWith('[]') ? `${path}[]` : path, own.pii)]
  })
}

/**
 * All fields of a schema that the linter has nothing against, each before those within it.
 *
 * @throws SyntaxError when the text is no JSON
 */
export function describedFields(schemaText: string): readonly DescribedField[] {
  const schema: unknown = JSON.parse(schemaText)
  return isJsonObject(schema) ? walk(schema, '', false) : []
}
