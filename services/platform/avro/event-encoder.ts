import type { Type } from 'avsc'
import type { Envelope } from '#core/envelope.ts'
import { FRAME_BYTES, writeFrame } from './confluent-frame.ts'
import type { EventSchema } from './event-schema.ts'
import { fieldNames, readEventSchema } from './event-schema.ts'
import { exactData } from './exact-integers.ts'
import { bindType } from './long-binding.ts'
import type { Projection, Tally } from './projection.ts'
import { compileFields, MISMATCH, newTally } from './projection.ts'

export interface EventToEncode {
  readonly envelope: Envelope
  /** The JSON text of `previous_attributes` as sent; null where it is null or missing. */
  readonly previousAttributesText: string | null
  readonly endpointId: string
  /** Milliseconds since the epoch. */
  readonly receivedAtMs: number
  /** The signature's time was outside the tolerance and the policy accepted it. */
  readonly staleSignature: boolean
  /** The body exactly as signed. */
  readonly raw: Uint8Array
}

export type EncodeResult =
  | {
      readonly ok: true
      /** Confluent frame: 0x00, four bytes of schema id, Avro. */
      readonly value: Buffer
      /** Keys of `data` that the schema lacks; they travel in `raw` only. */
      readonly unknownFields: number
      /** Inferred fields whose value did not fit and was written null. */
      readonly ignoredFields: number
    }
  /** Path and expected type come from the schema, never from the input. */
  | { readonly ok: false; readonly path: string; readonly expected: string }

export interface EventEncoder {
  /** Every name of a field, at whatever depth, and of the envelope. */
  readonly fieldNames: ReadonlySet<string>
  /** Synchronous, no I/O, never throws on any JSON. */
  encode(event: EventToEncode): EncodeResult
}

export interface EncoderSource {
  readonly schemaText: string
  readonly schemaId: number
}

type Mismatch = Extract<EncodeResult, { ok: false }>

const SLAB_BYTES = 16 * 1024
/** Above this size a slab is used once and let go, so that one huge event pins no memory. */
const KEPT_SLAB_BYTES = 256 * 1024
/** Below 2^52 avsc's number longs are exact on both ways; year 144,683 is enough. */
const MAX_TIMESTAMP_MS = 2 ** 52 - 1

function mismatch(path: string, expected: string): Mismatch {
  return { ok: false, path, expected }
}

function isTimestamp(ms: number): boolean {
  return Number.isInteger(ms) && Math.abs(ms) <= MAX_TIMESTAMP_MS
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The envelope is parsed already; only what UTF-8 and Avro cannot hold is left to refuse. */
function envelopeFault(event: EventToEncode): Mismatch | null {
  const { envelope } = event
  if (!envelope.id.isWellFormed()) return mismatch('id', 'string')
  if (!envelope.type.isWellFormed()) return mismatch('type', 'string')
  if (!envelope.tenantId.isWellFormed()) return mismatch('tenant_id', 'string')
  if (!envelope.apiVersion.isWellFormed()) return mismatch('api_version', 'string')
  if (!event.endpointId.isWellFormed()) return mismatch('endpoint_id', 'string')
  if (!isTimestamp(envelope.createdMs)) return mismatch('created', 'timestamp-millis')
  if (!isTimestamp(event.receivedAtMs)) return mismatch('received_at', 'timestamp-millis')
  if (event.previousAttributesText?.isWellFormed() === false) {
    return mismatch('previous_attributes', 'string')
  }
  return null
}

function avroRecord(event: EventToEncode, resources: object): object {
  const { envelope } = event
  // Own names of resources cannot meet those of the envelope: readEventSchema keeps them apart.
  return {
    id: envelope.id,
    type: envelope.type,
    created: envelope.createdMs,
    tenant_id: envelope.tenantId,
    live_mode: envelope.liveMode,
    api_version: envelope.apiVersion,
    endpoint_id: event.endpointId,
    received_at: event.receivedAtMs,
    stale_signature: event.staleSignature,
    previous_attributes: event.previousAttributesText,
    ...resources,
    raw: asBuffer(event.raw),
  }
}

/** Writes framed values through one slab; the slab grows to what is needed and is reused. */
function frameWriter(type: Type, schemaId: number): (record: object) => Buffer {
  let slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  writeFrame(slab, schemaId)
  return (record) => {
    let target = slab
    let end = type.encode(record, target, FRAME_BYTES)
    if (end < 0) {
      target = Buffer.allocUnsafeSlow(target.length - end)
      writeFrame(target, schemaId)
      end = type.encode(record, target, FRAME_BYTES)
      if (target.length > KEPT_SLAB_BYTES) return target.subarray(0, end)
      slab = target
    }
    return Buffer.from(target.subarray(0, end))
  }
}

function projectData(event: EventToEncode, project: Projection, tally: Tally): unknown {
  const projected = project(event.envelope.data, tally)
  if (!tally.inexact) return projected
  const exact = exactData(event.raw)
  if (exact === null) return projected
  Object.assign(tally, newTally())
  return project(exact, tally)
}

/**
 * Compiles the encoder of one schema: once per schema, not per event.
 * Throws when the schema cannot be compiled (our configuration's fault, not an event's).
 */
export function compileEventEncoder({ schemaText, schemaId }: EncoderSource): EventEncoder {
  const schema: EventSchema = readEventSchema(schemaText)
  const write = frameWriter(bindType(schema.root), schemaId)
  const project = compileFields(schema.resources, 'data')
  return {
    fieldNames: fieldNames(schema),
    encode(event) {
      const fault = envelopeFault(event)
      if (fault !== null) return fault
      const tally = newTally()
      const resources = projectData(event, project, tally)
      if (resources === MISMATCH) return mismatch(tally.path, tally.expected)
      const lost = event.previousAttributesText !== null && !schema.hasPreviousAttributes ? 1 : 0
      return {
        ok: true,
        value: write(avroRecord(event, resources as object)),
        unknownFields: tally.unknownFields + lost,
        ignoredFields: tally.ignoredFields,
      }
    },
  }
}
