import {
  fieldAttributeFindings,
  personalFindings,
  recordAttributeFindings,
} from './lint-attributes.ts'
import type { Json, LintFinding, LintRule } from './lint-finding.ts'
import { finding, isJsonObject } from './lint-finding.ts'

/** Where a node stands: what is needed to see recursion, clashing names and endless depth. */
export interface Place {
  readonly path: string
  readonly namespace: string
  /** Names of the records round this node. */
  readonly enclosing: readonly string[]
  /** Names of all records met so far; filled while walking. */
  readonly seen: Set<string>
  readonly depth: number
  /** Something round this node is tagged `pii`. */
  readonly pii: boolean
}

const MAX_DEPTH = 16
const SCALARS: readonly string[] = ['string', 'boolean', 'long', 'double']
const PRIMITIVES: readonly string[] = [...SCALARS, 'null', 'int', 'float', 'bytes']

const FORBIDDEN_KINDS: ReadonlyMap<unknown, { rule: LintRule; message: string }> = new Map([
  ['map', { rule: 'map', message: 'maps take foreign keys, __proto__ among them' }],
  [
    'enum',
    { rule: 'enum', message: 'an enum breaks readers when the sender adds a value: use string' },
  ],
  ['fixed', { rule: 'fixed', message: 'fixed is not used: its size may be zero' }],
])

/** `card.shipping`, or `shipping` at the root. */
export function joined(path: string, name: unknown): string {
  return path === '' ? String(name) : `${path}.${String(name)}`
}

function isZeroSize(node: unknown, depth: number): boolean {
  if (node === 'null') return true
  if (!isJsonObject(node) || depth > MAX_DEPTH) return false
  if (node.type === 'null') return true
  if (node.type === 'fixed') return node.size === 0
  if (node.type !== 'record' || !Array.isArray(node.fields)) return false
  return node.fields.every((field) => isJsonObject(field) && isZeroSize(field.type, depth + 1))
}

function nameFindings(name: string, place: Place): LintFinding[] {
  if (SCALARS.includes(name)) return []
  if (PRIMITIVES.includes(name)) {
    return [finding(place.path, 'type', `${name} is not used: string, boolean, long or double`)]
  }
  const own = name.startsWith(`${place.namespace}.`)
  const short = own ? name.slice(place.namespace.length + 1) : name
  if (place.enclosing.includes(short)) {
    return [finding(place.path, 'recursion', 'a record inside itself has no end')]
  }
  return [finding(place.path, 'reference', `${name} is a reference: write the record out`)]
}

function arrayFindings(node: Json, place: Place): LintFinding[] {
  const items: Place = { ...place, path: `${place.path}[]`, depth: place.depth + 1 }
  if (isZeroSize(node.items, 0)) {
    const message = 'items of no size: five bytes make a reader build millions of them'
    return [finding(items.path, 'zero-size-item', message)]
  }
  if (Array.isArray(node.items)) {
    return [finding(items.path, 'array-items', 'items are no unions')]
  }
  return nodeFindings(node.items, items)
}

function recordFindings(node: Json, place: Place): LintFinding[] {
  const { path } = place
  const name = String(node.name)
  const findings = recordAttributeFindings(node, path)
  if (Object.hasOwn(node, 'namespace') && node.namespace !== place.namespace) {
    findings.push(finding(path, 'namespace', `nested records are in ${place.namespace}`))
  }
  if (place.seen.has(name)) {
    findings.push(finding(path, 'duplicate-name', `a second record is named ${name}`))
  }
  place.seen.add(name)
  if (!Array.isArray(node.fields) || node.fields.length === 0) {
    return [...findings, finding(path, 'empty-record', 'a record without fields')]
  }
  const inside: Place = { ...place, enclosing: [...place.enclosing, name], depth: place.depth + 1 }
  return [
    ...findings,
    ...duplicateFieldFindings(node.fields, path),
    ...node.fields.flatMap((field) => resourceFieldFindings(field, inside)),
  ]
}

/** Fields of one record with the same name. */
export function duplicateFieldFindings(fields: readonly unknown[], path: string): LintFinding[] {
  const names = fields.map((field) => (isJsonObject(field) ? field.name : undefined))
  return names
    .filter((name, index) => typeof name === 'string' && names.indexOf(name) !== index)
    .map((name) => finding(joined(path, name), 'duplicate-name', 'a second field of this name'))
}

function objectFindings(node: Json, place: Place): LintFinding[] {
  const forbidden = FORBIDDEN_KINDS.get(node.type)
  if (forbidden !== undefined) return [finding(place.path, forbidden.rule, forbidden.message)]
  if (node.logicalType === 'decimal') {
    return [finding(place.path, 'decimal', 'decimals lose their scale between readers: use cents')]
  }
  if (Object.hasOwn(node, 'logicalType')) {
    return [finding(place.path, 'logical-type', 'only the envelope has logical types')]
  }
  if (node.type === 'record') return recordFindings(node, place)
  if (node.type === 'array') return arrayFindings(node, place)
  return nodeFindings(node.type, { ...place, depth: place.depth + 1 })
}

function nodeFindings(node: unknown, place: Place): LintFinding[] {
  if (place.depth > MAX_DEPTH) return [finding(place.path, 'depth', `deeper than ${MAX_DEPTH}`)]
  if (typeof node === 'string') return nameFindings(node, place)
  if (Array.isArray(node)) return [finding(place.path, 'union-shape', 'a union inside a union')]
  if (isJsonObject(node)) return objectFindings(node, place)
  return [finding(place.path, 'type', 'no Avro type')]
}

function unionFindings(type: unknown, place: Place): LintFinding[] {
  if (!Array.isArray(type)) {
    return [
      finding(place.path, 'nullable', 'fields of resources are ["null", X]: any may be missing'),
      ...nodeFindings(type, place),
    ]
  }
  if (type.length !== 2 || type[0] !== 'null' || type[1] === 'null') {
    return [finding(place.path, 'union-shape', 'the only union is ["null", X]')]
  }
  return nodeFindings(type[1], place)
}

/** Findings of one field of a resource, or of a resource itself, and of all below it. */
export function resourceFieldFindings(field: unknown, place: Place): LintFinding[] {
  if (!isJsonObject(field)) return [finding(place.path, 'type', 'a field is an object')]
  const path = joined(place.path, field.name)
  const pii = place.pii || field.pii === true
  const findings = [...fieldAttributeFindings(field, path), ...personalFindings(field, path, pii)]
  if (field.default !== null) {
    findings.push(finding(path, 'null-default', 'the default is null, written out'))
  }
  return [...findings, ...unionFindings(field.type, { ...place, path, pii })]
}
