import type { Schema, Type } from 'avsc'
import avsc from 'avsc'
import type { SchemaObject } from './event-schema.ts'

const INT64_BYTES = 8

// avsc's own long is a double: it is one off below -2^52 and throws from 2^53 - 1 on.
const bigIntLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.allocUnsafe(INT64_BYTES)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: (value: number | string) => BigInt(value),
  toJSON: (value: bigint) => value.toString(),
  isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
  compare: (left: bigint, right: bigint) => (left === right ? 0 : left < right ? -1 : 1),
})

/** Every long is a bigint, but for timestamps, whose milliseconds are safe as numbers. */
function bindLong(schema: Schema): Type | undefined {
  if (schema === 'long') return bigIntLong
  const { type, logicalType } = schema as SchemaObject
  // A `registry` entry would miss the longs that carry a logical type.
  return type === 'long' && logicalType !== 'timestamp-millis' ? bigIntLong : undefined
}

/** avsc's type of a schema, with exact longs. Throws when avsc cannot read the schema. */
export function bindType(schema: unknown): Type {
  return avsc.Type.forSchema(schema as Schema, {
    typeHook: bindLong as (schema: Schema) => Type,
    wrapUnions: false,
  })
}
