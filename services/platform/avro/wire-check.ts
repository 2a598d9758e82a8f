import { isUtf8 } from 'node:buffer'
import type { SchemaNode, SchemaObject } from './event-schema.ts'
import { isUnion, typeNameOf } from './event-schema.ts'

/**
 * Walks the bytes of one value without building it and returns the position after it, or a
 * negative fault. avsc trusts counts and lengths: an array count of 2^32 in ten bytes keeps it
 * busy for minutes, and broken UTF-8 passes it in silence. Hence this walk before every decode.
 */
export type WireWalk = (bytes: Buffer, at: number) => number

export const WIRE_FAULTS = {
  truncated: -1,
  badLength: -2,
  badUtf8: -3,
  badValue: -4,
} as const

const MAX_VARINT_BYTES = 10
const ASCII_END = 0x80
/** Up to this length a loop is quicker than a call into the engine. */
const SHORT_TEXT = 48

/** Position after a varint, or a fault. */
function endOfVarint(bytes: Buffer, at: number): number {
  for (let end = at; end < at + MAX_VARINT_BYTES; end += 1) {
    const byte = bytes[end]
    if (byte === undefined) return WIRE_FAULTS.truncated
    if (byte < ASCII_END) return end + 1
  }
  return WIRE_FAULTS.badValue
}

/** The number of a varint that ends before `end`: exact below 2^53, which no length exceeds. */
function varint(bytes: Buffer, at: number, end: number): number {
  let folded = 0
  for (let index = end - 1; index >= at; index -= 1) {
    folded = folded * 128 + ((bytes[index] ?? 0) & 0x7f)
  }
  return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2
}

function isText(bytes: Buffer, at: number, end: number): boolean {
  if (end - at > SHORT_TEXT) return isUtf8(bytes.subarray(at, end))
  for (let index = at; index < end; index += 1) {
    if ((bytes[index] ?? 0) >= ASCII_END) return isUtf8(bytes.subarray(index, end))
  }
  return true
}

function walkBytes(bytes: Buffer, at: number): number {
  const start = endOfVarint(bytes, at)
  if (start < 0) return start
  const length = varint(bytes, at, start)
  if (length < 0) return WIRE_FAULTS.badLength
  return start + length > bytes.length ? WIRE_FAULTS.truncated : start + length
}

function walkString(bytes: Buffer, at: number): number {
  const end = walkBytes(bytes, at)
  if (end < 0) return end
  return isText(bytes, endOfVarint(bytes, at), end) ? end : WIRE_FAULTS.badUtf8
}

function walkBoolean(bytes: Buffer, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) return WIRE_FAULTS.truncated
  return byte > 1 ? WIRE_FAULTS.badValue : at + 1
}

function walkDouble(bytes: Buffer, at: number): number {
  return at + 8 > bytes.length ? WIRE_FAULTS.truncated : at + 8
}

function walkRecord(fields: readonly WireWalk[]): WireWalk {
  return (bytes, at) => {
    let end = at
    for (const walk of fields) {
      end = walk(bytes, end)
      if (end < 0) return end
    }
    return end
  }
}

function walkUnion(branches: readonly WireWalk[]): WireWalk {
  return (bytes, at) => {
    const start = endOfVarint(bytes, at)
    if (start < 0) return start
    const walk = branches[varint(bytes, at, start)]
    return walk === undefined ? WIRE_FAULTS.badValue : walk(bytes, start)
  }
}

function walkItems(bytes: Buffer, at: number, count: number, item: WireWalk): number {
  // Every item takes a byte at least (the linter sees to it), so more items cannot be there.
  if (count > bytes.length - at) return WIRE_FAULTS.badLength
  let end = at
  for (let index = 0; index < count && end >= 0; index += 1) end = item(bytes, end)
  return end
}

function walkArray(item: WireWalk): WireWalk {
  return (bytes, at) => {
    let end = at
    while (true) {
      const start = endOfVarint(bytes, end)
      if (start < 0) return start
      const count = varint(bytes, end, start)
      if (count === 0) return start
      // A negative count is followed by the size of its block in bytes.
      const first = count < 0 ? endOfVarint(bytes, start) : start
      if (first < 0) return first
      end = walkItems(bytes, first, Math.abs(count), item)
      if (end < 0) return end
    }
  }
}

/** Compiles the walk of a schema. Throws on Avro types that events do not use. */
export function compileWalk(node: SchemaNode): WireWalk {
  if (isUnion(node)) return walkUnion(node.map(compileWalk))
  const name = typeNameOf(node)
  switch (name) {
    case 'null':
      return (_bytes, at) => at
    case 'string':
      return walkString
    case 'bytes':
      return walkBytes
    case 'boolean':
      return walkBoolean
    case 'long':
      return endOfVarint
    case 'double':
      return walkDouble
    case 'array':
      return walkArray(compileWalk((node as SchemaObject).items ?? 'null'))
    case 'record':
      return walkRecord(((node as SchemaObject).fields ?? []).map(({ type }) => compileWalk(type)))
    default:
      throw new Error(`schema: the type ${name} is not used by events`)
  }
}
