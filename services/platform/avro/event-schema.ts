/** The part of Avro's JSON notation that our schemas use (the linter refuses the rest). */
export type SchemaNode = string | SchemaObject | readonly SchemaNode[]

export interface SchemaObject {
  readonly type: SchemaNode
  readonly name?: string
  readonly logicalType?: string
  readonly items?: SchemaNode
  readonly fields?: readonly SchemaField[]
}

export interface SchemaField {
  readonly name: string
  readonly type: SchemaNode
  /** Name or type is our guess: a value that does not fit is written null instead of refused. */
  readonly inferred?: boolean
  /** Holds personal data. */
  readonly pii?: boolean
}

/** The schema of one domain in one version, read for compiling. */
export interface EventSchema {
  readonly root: SchemaObject
  /** Resources under `data`: every field that is neither of the envelope nor `raw`. */
  readonly resources: readonly SchemaField[]
  readonly hasPreviousAttributes: boolean
}

const ENVELOPE_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'type',
  'created',
  'tenant_id',
  'live_mode',
  'api_version',
  'endpoint_id',
  'received_at',
  'stale_signature',
  'previous_attributes',
  'raw',
])

/**
 * Reads the text of a schema file.
 * Throws on text that is no Avro record; what a schema may contain is the linter's matter.
 */
export function readEventSchema(schemaText: string): EventSchema {
  const root = JSON.parse(schemaText) as SchemaObject
  const fields = root.fields
  if (root.type !== 'record' || fields === undefined) throw new Error('schema: not a record')
  return {
    root,
    resources: fields.filter((field) => !ENVELOPE_FIELDS.has(field.name)),
    hasPreviousAttributes: fields.some((field) => field.name === 'previous_attributes'),
  }
}

function namesBelow(node: SchemaNode): readonly string[] {
  if (typeof node === 'string') return []
  if (isUnion(node)) return node.flatMap(namesBelow)
  const own = (node.fields ?? []).flatMap(({ name, type }) => [name, ...namesBelow(type)])
  const inner = typeof node.type === 'string' ? [] : namesBelow(node.type)
  return [...own, ...inner, ...(node.items === undefined ? [] : namesBelow(node.items))]
}

/** Every name of a field, at whatever depth, and the names of an event's own keys. */
export function fieldNames({ root }: EventSchema): ReadonlySet<string> {
  return new Set([...namesBelow(root), 'data', 'previous_attributes'])
}

/** The X of `["null", X]`, or the node itself when it is no union. */
export function nonNull(node: SchemaNode): SchemaNode {
  if (!isUnion(node)) return node
  const branch = node.find((candidate) => candidate !== 'null')
  if (branch === undefined) throw new Error('schema: a union without a value')
  return branch
}

export function isUnion(node: SchemaNode): node is readonly SchemaNode[] {
  return Array.isArray(node)
}

/** `{"type": "string"}` and `"string"` are the same type: the name of either. */
export function typeNameOf(node: Exclude<SchemaNode, readonly SchemaNode[]>): string {
  if (typeof node === 'string') return node
  return typeof node.type === 'string' ? node.type : typeNameOf(nonNull(node.type) as SchemaObject)
}
