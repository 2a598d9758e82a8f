import { isUtf8 } from 'node:buffer'
import { holdsCardNumber } from '#core/card-numbers.ts'
import { instantMs } from '#core/envelope.ts'
import { apiVersion, eventId, tenantId } from '#core/ids.ts'
import { scanJson } from '#core/json-scan.ts'
import type { SchemaField, SchemaNode, SchemaObject } from '#platform/avro/event-schema.ts'
import { nonNull, readEventSchema, typeNameOf } from '#platform/avro/event-schema.ts'

/** A body as it may be shown, or why nothing of it may. */
export type MaskedBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'hidden'; readonly why: string }

/** What Node has and the types lack: numbers by their text. */
interface ExactJson {
  rawJSON(text: string): unknown
  isRawJSON(value: unknown): boolean
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown
}
const exactJson = JSON as unknown as ExactJson

type Fields = Readonly<Record<string, unknown>>

const MASKED = '(masked)'
const MASKED_NAME = '(masked name)'
/** A name that a sender of JSON gives a field; anything else may be a value used as a key. */
const FIELD_NAME = /^[a-z][a-z0-9_]{0,63}$/
const EVENT_TYPE = /^[a-z0-9_]+(?:\.[a-z0-9_]+)+$/
/** As deep as an ingress reads at most; the mask itself only follows the schema. */
const MOST_DEPTH = 1024

function isFields(value: unknown): value is Fields {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && !exactJson.isRawJSON(value)
}

function isNumber(value: unknown): boolean {
  return exactJson.isRawJSON(value)
}

/** Shown only where it is what the schema expects: anything else was not tagged by anybody. */
function shown(value: unknown, node: SchemaNode): unknown {
  if (value === null) return null
  const type = nonNull(node) as string | SchemaObject
  switch (typeNameOf(type)) {
    case 'string':
      return typeof value === 'string' && !holdsCardNumber(value) ? value : MASKED
    case 'boolean':
      return typeof value === 'boolean' ? value : MASKED
    case 'long':
    case 'double':
      return isNumber(value) && !holdsCardNumber(JSON.stringify(value)) ? value : MASKED
    case 'array':
      return Array.isArray(value)
        ? value.map((item) => shown(item, (type as SchemaObject).items ?? 'bytes'))
        : MASKED
    case 'record':
      return shownFields(value, (type as SchemaObject).fields ?? [])
    default:
      return MASKED
  }
}

function shownName(name: string): string {
  return FIELD_NAME.test(name) ? name : MASKED_NAME
}

function shownFields(value: unknown, schemaFields: readonly SchemaField[]): unknown {
  if (!isFields(value)) return MASKED
  const known = new Map(schemaFields.map((field) => [field.name, field]))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const field = known.get(name)
      if (field === undefined) return [shownName(name), MASKED]
      if (field.pii === true) return [name, inner === null ? null : MASKED]
      return [name, shown(inner, field.type)]
    }),
  )
}

/** The contract says what these hold; a value of another form may be anything. */
const ENVELOPE: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['id', (text) => eventId(text) !== null],
  ['type', (text) => EVENT_TYPE.test(text) && text.length <= 128],
  ['created', (text) => instantMs(text) !== null],
  ['tenant_id', (text) => tenantId(text) !== null],
  ['api_version', (text) => apiVersion(text) !== null],
])

function shownTopLevel(name: string, value: unknown, resources: readonly SchemaField[] | null) {
  const fits = ENVELOPE.get(name)
  if (fits !== undefined) return typeof value === 'string' && fits(value) ? value : MASKED
  if (name === 'live_mode') return typeof value === 'boolean' ? value : MASKED
  if (name === 'data') return shownFields(value, resources ?? [])
  return value === null ? null : MASKED
}

function exactlyParsed(text: string): unknown {
  return exactJson.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? exactJson.rawJSON(source) : value,
  )
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * A body with everything hidden that may be personal: what its schema tags, what its schema does
 * not know, what is not of the form that the schema or the contract gives it, and card numbers
 * anywhere. Other numbers keep every digit.
 *
 * @param schemaText the schema of its version and domain or of the nearest known one; null: none
 */
export function maskedBody(body: Buffer, schemaText: string | null): MaskedBody {
  if (!isUtf8(body)) return { kind: 'hidden', why: 'not UTF-8' }
  const text = body.toString('utf8')
  if (!isJson(text)) return { kind: 'hidden', why: 'not JSON' }
  if (scanJson(text).depth > MOST_DEPTH) return { kind: 'hidden', why: 'nested too deeply' }
  const value = exactlyParsed(text)
  if (!isFields(value)) return { kind: 'hidden', why: 'not a JSON object' }
  const resources = schemaText === null ? null : readEventSchema(schemaText).resources
  const entries = Object.entries(value).map(([name, inner]) => [
    shownName(name),
    shownTopLevel(name, inner, resources),
  ])
  return { kind: 'json', value: Object.fromEntries(entries) }
}
