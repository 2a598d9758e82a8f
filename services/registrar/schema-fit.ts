import type { SchemaField, SchemaNode, SchemaObject } from '#platform/avro/event-schema.ts'
import { nonNull, typeNameOf } from '#platform/avro/event-schema.ts'
import { isWithin } from './renaming.ts'
import { shownName } from './value-shape.ts'

/** A value that is not of the type of its field. */
interface Misfit {
  readonly path: string
  /** Avro's name of the type. */
  readonly expected: string
  readonly value: unknown
  /** The inferred field that becomes null of it; null: the whole event is set aside. */
  readonly nulls: string | null
}

/** How the `data` of one event lies in a schema. Paths are the schema's: `settlement.lines[].type`. */
export interface SchemaFit {
  /** Fields with a value of their type, in the order of the schema. */
  readonly held: ReadonlySet<string>
  /** The first at each path. */
  readonly misfits: ReadonlyMap<string, Misfit>
  /** Keys that the schema does not know, with the first value of each. */
  readonly unknown: ReadonlyMap<string, unknown>
  /** Whole numbers that lose digits in a double. */
  readonly rounded: ReadonlyMap<string, unknown>
  /** A number is beyond what `JSON.parse` keeps: look again with its digits (`exactData`). */
  readonly inexact: boolean
}

type Fields = ReadonlyMap<string, Place>

interface Place {
  readonly path: string
  readonly expected: string
  /** The nearest inferred field at or above it. */
  readonly nulls: string | null
  readonly fields: Fields
  readonly items: Place | null
}

interface Walk {
  readonly held: Set<string>
  readonly misfits: Map<string, Misfit>
  readonly unknown: Map<string, unknown>
  readonly rounded: Map<string, unknown>
  inexact: boolean
}

function placeOf(node: SchemaNode, path: string, nulls: string | null): Place {
  const type = nonNull(node) as string | SchemaObject
  const { items, fields = [] } = typeof type === 'string' ? {} : type
  return {
    path,
    expected: typeNameOf(type),
    nulls,
    fields: fieldsOf(fields, path, nulls),
    items: items === undefined ? null : placeOf(items, `${path}[]`, nulls),
  }
}

function fieldsOf(fields: readonly SchemaField[], parent: string, nulls: string | null): Fields {
  return new Map(
    fields.map((field) => {
      const path = parent === '' ? field.name : `${parent}.${field.name}`
      return [field.name, placeOf(field.type, path, field.inferred === true ? path : nulls)]
    }),
  )
}

function keep<Value>(map: Map<string, Value>, path: string, value: Value): void {
  if (!map.has(path)) map.set(path, value)
}

function fitsLong(value: unknown, walk: Walk): boolean {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) walk.inexact = true
  return Number.isSafeInteger(value)
}

function fitsDouble(value: unknown, path: string, walk: Walk): boolean {
  if (typeof value !== 'bigint') {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) walk.inexact = true
    return Number.isFinite(value)
  }
  if (BigInt(Number(value)) !== value) keep(walk.rounded, path, value)
  return true
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fits(value: unknown, { path, expected }: Place, walk: Walk): boolean {
  switch (expected) {
    case 'string':
      return typeof value === 'string' && value.isWellFormed()
    case 'boolean':
      return typeof value === 'boolean'
    case 'long':
      return fitsLong(value, walk)
    case 'double':
      return fitsDouble(value, path, walk)
    case 'array':
      return Array.isArray(value)
    default:
      return isObject(value)
  }
}

/** A value that is there; within lists also null, which no item may be. */
function see(value: unknown, place: Place, walk: Walk): void {
  const { path, expected, nulls, fields, items } = place
  if (!fits(value, place, walk)) {
    keep(walk.misfits, path, { path, expected, value, nulls })
    return
  }
  walk.held.add(path)
  if (items !== null) for (const item of value as readonly unknown[]) see(item, items, walk)
  else if (expected === 'record') seeFields(value as object, path, fields, walk)
}

function seeFields(value: object, parent: string, fields: Fields, walk: Walk): void {
  for (const [name, inner] of Object.entries(value)) {
    const place = fields.get(name)
    if (place === undefined) {
      const path = parent === '' ? shownName(name) : `${parent}.${shownName(name)}`
      keep(walk.unknown, path, inner)
    } else if (inner !== null) see(inner, place, walk)
  }
}

/** What stands in something that becomes null is lost with it. */
function heldAfter({ held, misfits }: Walk): ReadonlySet<string> {
  const nulled = [...misfits.values()].flatMap(({ nulls }) => (nulls === null ? [] : [nulls]))
  if (nulled.length === 0) return held
  const isLost = (path: string) => nulled.some((outer) => path === outer || isWithin(path, outer))
  return new Set([...held].filter((path) => !isLost(path)))
}

/**
 * Compiles what tells, for the `data` of an event, all that the encoder of the same schema would
 * not take, null or leave out; the encoder itself ends at the first of them and names no more.
 */
export function compileFit(resources: readonly SchemaField[]): (data: object) => SchemaFit {
  const fields = fieldsOf(resources, '', null)
  return (data) => {
    const walk: Walk = {
      held: new Set(),
      misfits: new Map(),
      unknown: new Map(),
      rounded: new Map(),
      inexact: false,
    }
    seeFields(data, '', fields, walk)
    return { ...walk, held: heldAfter(walk) }
  }
}
