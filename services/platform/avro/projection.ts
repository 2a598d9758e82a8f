import type { SchemaField, SchemaNode, SchemaObject } from './event-schema.ts'
import { nonNull, typeNameOf } from './event-schema.ts'

/** What a projection counts and, when it refuses, why; one per event. */
export interface Tally {
  /** Keys that the schema does not know; an unknown object counts once. */
  unknownFields: number
  /** Inferred fields whose value did not fit and was written null. */
  ignoredFields: number
  /** A number for a long was too large for a double: its digits are only in the text. */
  inexact: boolean
  /** Of the last value that did not fit; both from the schema, never from the input. */
  path: string
  expected: string
}

export const MISMATCH: unique symbol = Symbol('mismatch')

/** Turns a JSON value (never null) into the value that Avro writes, or MISMATCH. */
export type Projection = (value: unknown, tally: Tally) => unknown

type Refuse = (tally: Tally) => typeof MISMATCH

const FIELD_NAME = /^[a-z][a-z0-9_]*$/

export function newTally(): Tally {
  return { unknownFields: 0, ignoredFields: 0, inexact: false, path: '', expected: '' }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refusal(path: string, expected: string): Refuse {
  return (tally) => {
    tally.path = path
    tally.expected = expected
    return MISMATCH
  }
}

function projectString(path: string): Projection {
  const refuse = refusal(path, 'string')
  // A lone surrogate has no UTF-8: avsc would write bytes that no reader accepts.
  return (value, tally) =>
    typeof value === 'string' && value.isWellFormed() ? value : refuse(tally)
}

function projectBoolean(path: string): Projection {
  const refuse = refusal(path, 'boolean')
  return (value, tally) => (typeof value === 'boolean' ? value : refuse(tally))
}

function projectLong(path: string): Projection {
  const refuse = refusal(path, 'long')
  return (value, tally) => {
    if (typeof value === 'bigint') {
      return BigInt.asIntN(64, value) === value ? value : refuse(tally)
    }
    if (Number.isSafeInteger(value)) return BigInt(value as number)
    if (Number.isInteger(value)) tally.inexact = true
    return refuse(tally)
  }
}

function projectDouble(path: string): Projection {
  const refuse = refusal(path, 'double')
  return (value, tally) => {
    const number = typeof value === 'bigint' ? Number(value) : value
    return Number.isFinite(number) ? number : refuse(tally)
  }
}

function projectArray(node: SchemaObject, path: string): Projection {
  const refuse = refusal(path, 'array')
  if (node.items === undefined) throw new Error(`schema: ${path} is an array without items`)
  const refuseItem = refusal(`${path}[]`, typeNameOf(nonNull(node.items) as SchemaObject))
  const projectItem = compileProjection(node.items, `${path}[]`)
  return (value, tally) => {
    if (!Array.isArray(value)) return refuse(tally)
    const items: unknown[] = []
    for (const item of value) {
      const projected = item === null ? refuseItem(tally) : projectItem(item, tally)
      if (projected === MISMATCH) return MISMATCH
      items.push(projected)
    }
    return items
  }
}

interface FieldProjection {
  readonly name: string
  readonly project: (value: unknown, tally: Tally) => unknown
}

/** An inferred field that does not fit becomes null: our wrong guess sets no event aside. */
function tolerant(project: Projection): Projection {
  return (value, tally) => {
    const { unknownFields, ignoredFields } = tally
    const projected = project(value, tally)
    if (projected !== MISMATCH) return projected
    tally.unknownFields = unknownFields
    tally.ignoredFields = ignoredFields + 1
    return null
  }
}

function compileField(field: SchemaField, path: string): FieldProjection {
  if (!FIELD_NAME.test(field.name)) throw new Error(`schema: a field name of ${path} is unlawful`)
  const project = compileProjection(field.type, `${path}.${field.name}`)
  return { name: field.name, project: field.inferred === true ? tolerant(project) : project }
}

/**
 * Projects the fields of an object, own keys only (`__proto__` from JSON is such a key and is
 * never followed). A missing key is null, as is a null.
 */
export function compileFields(fields: readonly SchemaField[], path: string): Projection {
  const compiled = fields.map((field) => compileField(field, path))
  const refuse = refusal(path, 'record')
  return (value, tally) => {
    if (!isObject(value)) return refuse(tally)
    const record: Record<string, unknown> = {}
    let known = 0
    for (const { name, project } of compiled) {
      const held = Object.hasOwn(value, name)
      if (held) known += 1
      const sub = held ? value[name] : null
      const projected = sub === null || sub === undefined ? null : project(sub, tally)
      if (projected === MISMATCH) return MISMATCH
      record[name] = projected
    }
    tally.unknownFields += Object.keys(value).length - known
    return record
  }
}

/**
 * Compiles a schema node into closures, once per schema. `path` names the node in refusals.
 * Throws on Avro types that the linter refuses too.
 */
function compileProjection(node: SchemaNode, path: string): Projection {
  const type = nonNull(node) as string | SchemaObject
  if (typeof type === 'object' && type.logicalType !== undefined) {
    throw new Error(`schema: ${path} has a logical type, which only the envelope may have`)
  }
  const name = typeNameOf(type)
  switch (name) {
    case 'string':
      return projectString(path)
    case 'boolean':
      return projectBoolean(path)
    case 'long':
      return projectLong(path)
    case 'double':
      return projectDouble(path)
    case 'array':
      return projectArray(type as SchemaObject, path)
    case 'record':
      return compileFields((type as SchemaObject).fields ?? [], path)
    default:
      throw new Error(`schema: ${path} has the type ${name}, which events do not use`)
  }
}
