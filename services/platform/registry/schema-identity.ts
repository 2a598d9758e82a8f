type Json = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

function namespaceOf(name: string): string {
  return name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
}

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']

function namedType(node: Json, namespace: string): unknown {
  const own = typeof node.namespace === 'string' ? node.namespace : namespace
  const name = fullName(String(node.name), own)
  const { type, symbols = null, size = null } = node
  if (!Array.isArray(node.fields)) return [type, name, symbols, size]
  const inside = namespaceOf(name)
  const fields = node.fields.map((field) => {
    const { name: fieldName, type: fieldType, default: fallback } = isObject(field) ? field : {}
    return [fieldName, essence(fieldType, inside), fallback === undefined ? [] : [fallback]]
  })
  return [type, name, fields]
}

function objectType(node: Json, namespace: string): unknown {
  const { type, logicalType } = node
  if (typeof node.name === 'string') return namedType(node, namespace)
  if (type === 'array') return [type, essence(node.items, namespace)]
  if (type === 'map') return [type, essence(node.values, namespace)]
  const inner = essence(type, namespace)
  return logicalType === undefined ? inner : [inner, logicalType]
}

/** What of a type decides which bytes mean what: no docs, no attributes of our own, full names. */
function essence(node: unknown, namespace: string): unknown {
  if (typeof node === 'string') {
    return PRIMITIVES.includes(node) ? node : ['named', fullName(node, namespace)]
  }
  if (Array.isArray(node)) return ['union', ...node.map((branch) => essence(branch, namespace))]
  return isObject(node) ? objectType(node, namespace) : null
}

function essenceOf(text: string): string | null {
  try {
    return JSON.stringify(essence(JSON.parse(text), ''))
  } catch {
    return null
  }
}

/**
 * Whether two Avro schemas give the same bytes the same meaning, however a registry writes them:
 * order of keys, whitespace, docs and repeated namespaces do not count.
 */
export function isSameSchema(one: string, other: string): boolean {
  const essential = essenceOf(one)
  return essential !== null && essential === essenceOf(other)
}
