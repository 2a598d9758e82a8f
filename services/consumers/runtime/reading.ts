import type { ApiVersion, EventId, TenantId } from '#core/ids.ts'
import { apiVersion, eventId, tenantId } from '#core/ids.ts'
import type { Mode } from '#core/routing.ts'
import { modeOf } from '#core/routing.ts'
import { bodyDigest } from './body-digest.ts'
import type { DomainEvent, Fields } from './contract.ts'
import type { BodyTexts } from './json-text.ts'
import { bodyTexts } from './json-text.ts'

/** Why a record was set aside; stable, since they are metric labels and are kept in the table. */
export const SET_ASIDE_REASONS = [
  'no_value',
  'undecodable',
  'unknown_schema',
  'malformed',
  'tenant_mismatch',
  'mode_mismatch',
  'data_error',
  'handler_refused',
  'id_conflict',
] as const
export type SetAsideReason = (typeof SET_ASIDE_REASONS)[number]

/** A record's bytes in, its typed event out: what the runtime needs of the Avro codec. */
export interface DecodedEvent {
  readonly id: string
  readonly type: string
  /** Milliseconds since the epoch. */
  readonly created: number
  readonly tenantId: string
  readonly liveMode: boolean
  readonly apiVersion: string
  readonly resources: Readonly<Record<string, unknown>>
  readonly raw: Buffer
}

export type Decoding =
  | { readonly ok: true; readonly event: DecodedEvent }
  | { readonly ok: false; readonly reason: string }

/** A record that can be handled. */
export interface ReadableRecord {
  readonly kind: 'event'
  readonly offset: bigint
  readonly event: DomainEvent
  readonly body: BodyTexts
  /** Of the body as signed. */
  readonly digest: bigint
}

/** A record that cannot, and why. */
interface UnreadableRecord {
  readonly kind: 'set_aside'
  readonly offset: bigint
  readonly reason: SetAsideReason
  /** From inside the record, or null when it cannot be read. */
  readonly eventId: EventId | null
}

export type Reading = ReadableRecord | UnreadableRecord

/** What a record is checked against. */
export interface ReadingContext {
  readonly mode: Mode
  /** Null when the schema id is unknown to the catalogue. */
  decoderOf(schemaId: number): ((value: Uint8Array) => Decoding) | null
  /** The schema id of a framed value, or null when it has no frame. */
  schemaIdOf(value: Uint8Array): number | null
}

interface RawRecord {
  readonly offset: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** Years 1 to 9999, which Postgres, ISO 8601 and people agree on. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z')
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z')
const PLAIN_TYPE = /^[\x21-\x7e]{1,128}$/

interface Identity {
  readonly id: EventId
  readonly tenantId: TenantId
  readonly apiVersion: ApiVersion
}

function identityOf(event: DecodedEvent): Identity | null {
  const id = eventId(event.id)
  const tenant = tenantId(event.tenantId)
  const version = apiVersion(event.apiVersion)
  if (id === null || tenant === null || version === null) return null
  if (!PLAIN_TYPE.test(event.type)) return null
  if (!(event.created >= EARLIEST_MS && event.created <= LATEST_MS)) return null
  return { id, tenantId: tenant, apiVersion: version }
}

function domainEvent(event: DecodedEvent, identity: Identity): DomainEvent {
  return {
    ...identity,
    type: event.type,
    createdMs: event.created,
    liveMode: event.liveMode,
    resources: event.resources as Readonly<Record<string, Fields | null>>,
  }
}

function checked(record: RawRecord, event: DecodedEvent, mode: Mode): Reading {
  const { offset, key } = record
  const aside = (reason: SetAsideReason): Reading => ({
    kind: 'set_aside',
    offset,
    reason,
    eventId: eventId(event.id),
  })
  const identity = identityOf(event)
  if (identity === null) return aside('malformed')
  if (modeOf(event.liveMode) !== mode) return aside('mode_mismatch')
  if (key === null || key.toString('utf8') !== event.tenantId) return aside('tenant_mismatch')
  const body = bodyTexts(event.raw)
  if (body === null) return aside('malformed')
  const digest = bodyDigest(event.raw)
  return { kind: 'event', offset, event: domainEvent(event, identity), body, digest }
}

/** Reads one record. Never throws: what cannot be read is the event's fault and is set aside. */
export function readRecord(record: RawRecord, context: ReadingContext): Reading {
  const { offset, value } = record
  const aside = (reason: SetAsideReason): Reading => ({
    kind: 'set_aside',
    offset,
    reason,
    eventId: null,
  })
  if (value === null) return aside('no_value')
  const schemaId = context.schemaIdOf(value)
  if (schemaId === null) return aside('undecodable')
  const decode = context.decoderOf(schemaId)
  if (decode === null) return aside('unknown_schema')
  const decoding = decode(value)
  return decoding.ok ? checked(record, decoding.event, context.mode) : aside('undecodable')
}
