/** Replaces what the schema tags `"pii"`; null and missing values stay as they are. */
export type Mask = (resources: Readonly<Record<string, unknown>>) => Record<string, unknown>

export const MASKED = '(masked)'

interface MaskedField {
  readonly whole: boolean
  readonly inner: MaskedFields
}
type MaskedFields = ReadonlyMap<string, MaskedField>

const NOTHING: MaskedFields = new Map()

type Node = Readonly<Record<string, unknown>>

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Named records met so far, since a later field may name one instead of spelling it out. */
type Known = Map<string, MaskedFields>

function fieldsOfRecord(record: Node, known: Known): MaskedFields {
  const masked = new Map<string, MaskedField>()
  const fields = Array.isArray(record.fields) ? record.fields.filter(isNode) : []
  for (const field of fields) {
    const whole = field.pii === true
    const inner = fieldsOf(field.type, known)
    if (whole || inner.size > 0) masked.set(String(field.name), { whole, inner })
  }
  known.set(String(record.name), masked)
  return masked
}

function fieldsOf(type: unknown, known: Known): MaskedFields {
  if (typeof type === 'string') return known.get(type.split('.').at(-1) ?? type) ?? NOTHING
  if (Array.isArray(type)) {
    const found = type.map((branch) => fieldsOf(branch, known)).find(({ size }) => size > 0)
    return found ?? NOTHING
  }
  if (!isNode(type)) return NOTHING
  if (type.type === 'array') return fieldsOf(type.items, known)
  return type.type === 'record' ? fieldsOfRecord(type, known) : NOTHING
}

function maskedValue(value: unknown, fields: MaskedFields): unknown {
  if (Array.isArray(value)) return value.map((item) => maskedValue(item, fields))
  if (!isNode(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const field = fields.get(name)
      if (field === undefined || inner === null || inner === undefined) return [name, inner]
      return [name, field.whole ? MASKED : maskedValue(inner, field.inner)]
    }),
  )
}

/** Compiles the mask of one schema: once per schema id. */
export function compileMask(schemaText: string): Mask {
  const schema: unknown = JSON.parse(schemaText)
  const fields = fieldsOf(schema, new Map())
  return (resources) => maskedValue(resources, fields) as Record<string, unknown>
}
