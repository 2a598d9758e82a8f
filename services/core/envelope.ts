import type { ApiVersion, EventId, TenantId } from './ids.ts'
import { apiVersion, eventId, tenantId } from './ids.ts'

/** The eight top-level keys of an event (contract, section 1), checked and typed. */
export interface Envelope {
  readonly id: EventId
  readonly type: string
  /** As sent. */
  readonly created: string
  /** The same instant in milliseconds since the epoch. */
  readonly createdMs: number
  readonly tenantId: TenantId
  readonly liveMode: boolean
  readonly apiVersion: ApiVersion
  /** Snapshots of resources, keyed by resource name. */
  readonly data: Readonly<Record<string, unknown>>
  /** Changed fields with their old values; null where the key is missing (older versions). */
  readonly previousAttributes: Readonly<Record<string, unknown>> | null
}

/** Which field does not hold what the contract says. */
interface EnvelopeFault {
  readonly field: string
  readonly expected: string
}

export type EnvelopeResult =
  | { readonly ok: true; readonly envelope: Envelope }
  | { readonly ok: false; readonly fault: EnvelopeFault }

type Fields = Readonly<Record<string, unknown>>

const EVENT_TYPE = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/
const MAX_TYPE_LENGTH = 128
const UTC_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Every month has 28 days; for later ones the engine takes 30 February for 2 March. */
function isDayOfCalendar(date: string): boolean {
  const day = Number(date.slice(8))
  return day <= 28 || new Date(date).getUTCDate() === day
}

/** Milliseconds since the epoch of an ISO 8601 UTC instant, or null when it is none. */
export function instantMs(text: string): number | null {
  // There is no year 0 outside astronomy: other teams' clients die on it.
  if (!UTC_INSTANT.test(text) || text.startsWith('0000')) return null
  const ms = Date.parse(text)
  return Number.isNaN(ms) || !isDayOfCalendar(text.slice(0, 10)) ? null : ms
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

function textOf(fields: Fields, name: string): string {
  const value = own(fields, name)
  return typeof value === 'string' ? value : ''
}

function fault(field: string, expected: string): EnvelopeResult {
  return { ok: false, fault: { field, expected } }
}

function isEventType(text: string): boolean {
  return text.length <= MAX_TYPE_LENGTH && EVENT_TYPE.test(text)
}

/**
 * Checks the envelope of a parsed body. Extra top-level keys are allowed: new fields are no
 * breaking change for the sender (contract, section 6).
 */
export function parseEnvelope(body: unknown): EnvelopeResult {
  if (!isObject(body)) return fault('(body)', 'a JSON object')
  const id = eventId(textOf(body, 'id'))
  if (id === null) return fault('id', 'a string that begins with evt_')
  const type = textOf(body, 'type')
  if (!isEventType(type)) return fault('type', 'a dotted name')
  const created = textOf(body, 'created')
  const createdMs = instantMs(created)
  if (createdMs === null) return fault('created', 'an ISO 8601 instant in UTC, with Z')
  const tenant = tenantId(textOf(body, 'tenant_id'))
  if (tenant === null) return fault('tenant_id', 'a string that begins with tnt_')
  const liveMode = own(body, 'live_mode')
  if (typeof liveMode !== 'boolean') return fault('live_mode', 'true or false')
  const version = apiVersion(textOf(body, 'api_version'))
  if (version === null) return fault('api_version', 'a date YYYY-MM-DD')
  const data = own(body, 'data')
  if (!isObject(data)) return fault('data', 'an object')
  const previous = own(body, 'previous_attributes') ?? null
  if (previous !== null && !isObject(previous)) {
    return fault('previous_attributes', 'an object or null')
  }
  const envelope: Envelope = {
    id,
    type,
    created,
    createdMs,
    tenantId: tenant,
    liveMode,
    apiVersion: version,
    data,
    previousAttributes: previous,
  }
  return { ok: true, envelope }
}
