import { FRAME_BYTES, schemaIdOf } from './confluent-frame.ts'
import { readEventSchema } from './event-schema.ts'
import { bindType } from './long-binding.ts'
import { compileWalk, WIRE_FAULTS } from './wire-check.ts'

export { schemaIdOf }

/** An event as consumers see it; times in milliseconds since the epoch. */
export interface TypedEvent {
  readonly id: string
  readonly type: string
  readonly created: number
  readonly tenantId: string
  readonly liveMode: boolean
  readonly apiVersion: string
  readonly endpointId: string
  readonly receivedAt: number
  readonly staleSignature: boolean
  /** JSON text as sent; null where there is none, and always in versions that lack the field. */
  readonly previousAttributes: string | null
  /** Each resource of the domain: plain objects or null, longs as bigint. */
  readonly resources: Readonly<Record<string, unknown>>
  /** The body exactly as signed. */
  readonly raw: Buffer
}

/** Reasons are codes; they never hold input. */
type DecodeResult =
  | { readonly ok: true; readonly event: TypedEvent }
  | { readonly ok: false; readonly reason: string }

export interface EventDecoder {
  /** Never throws; refuses trailing bytes. */
  decode(value: Uint8Array): DecodeResult
}

interface AvroEvent {
  readonly id: string
  readonly type: string
  readonly created: number
  readonly tenant_id: string
  readonly live_mode: boolean
  readonly api_version: string
  readonly endpoint_id: string
  readonly received_at: number
  readonly stale_signature: boolean
  readonly previous_attributes?: string | null
  readonly raw: Buffer
  readonly [resource: string]: unknown
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [WIRE_FAULTS.truncated, 'truncated'],
  [WIRE_FAULTS.badLength, 'bad_length'],
  [WIRE_FAULTS.badUtf8, 'bad_utf8'],
  [WIRE_FAULTS.badValue, 'bad_value'],
])

function refuse(reason: string): DecodeResult {
  return { ok: false, reason }
}

/** avsc's records are instances of generated classes; handlers get objects without methods. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  const fields: Record<string, unknown> = {}
  for (const name of Object.keys(value)) fields[name] = plain((value as AvroEvent)[name])
  return fields
}

function typedEvent(record: AvroEvent, resourceNames: readonly string[]): TypedEvent {
  const resources: Record<string, unknown> = {}
  for (const name of resourceNames) resources[name] = plain(record[name])
  return {
    id: record.id,
    type: record.type,
    created: record.created,
    tenantId: record.tenant_id,
    liveMode: record.live_mode,
    apiVersion: record.api_version,
    endpointId: record.endpoint_id,
    receivedAt: record.received_at,
    staleSignature: record.stale_signature,
    previousAttributes: record.previous_attributes ?? null,
    resources,
    raw: record.raw,
  }
}

/**
 * Compiles the decoder of one writer schema: once per schema id, not per record.
 * Throws when the schema cannot be compiled (our configuration's fault, not a record's).
 */
export function compileEventDecoder({ schemaText }: { schemaText: string }): EventDecoder {
  const schema = readEventSchema(schemaText)
  const type = bindType(schema.root)
  const walk = compileWalk(schema.root)
  const resourceNames = schema.resources.map(({ name }) => name)
  return {
    decode(value) {
      if (schemaIdOf(value) === null) return refuse('bad_frame')
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      try {
        const end = walk(bytes, FRAME_BYTES)
        if (end < 0) return refuse(REASONS.get(end) ?? 'undecodable')
        if (end !== bytes.length) return refuse('trailing_bytes')
        const record = type.fromBuffer(bytes.subarray(FRAME_BYTES)) as AvroEvent
        return { ok: true, event: typedEvent(record, resourceNames) }
      } catch {
        // For instance a timestamp beyond the safe range, or a schema too deep for the stack.
        return refuse('undecodable')
      }
    },
  }
}
