import type { Envelope } from '#core/envelope.ts'
import { isFieldName } from './field-trie.ts'
import type { Json } from './lint-finding.ts'
import { isJsonObject } from './lint-finding.ts'

/** Prefixes of the sender's ids (contract, section 7.2) and of those our samples guess. */
const ID_PREFIXES: ReadonlySet<string> = new Set([
  ...['tnt', 'tpl', 'pass', 'card', 'txn', 'set', 'evt', 'whk', 'key', 'req'],
  ...['chl', 'dsp', 'pay', 'prg', 'scn'],
])
const ID = /^([a-z]+)_[0-9A-Za-z]+$/
const ID_DIGITS = 26
const MAX_DIGITS = 32
const MAX_DEPTH = 12
const MAX_KEYS = 200

/** A text that says what kind of text there was, and nothing of it. */
function syntheticText(text: string): string {
  const [, prefix = ''] = ID.exec(text) ?? []
  if (ID_PREFIXES.has(prefix)) return `${prefix}_${'0'.repeat(ID_DIGITS)}`
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return '2026-01-01T00:00:00.000Z'
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return '2026-01-01'
  if (/^\d+$/.test(text)) return '0'.repeat(Math.min(text.length, MAX_DIGITS))
  if (/^https?:\/\//.test(text)) return 'https://example.com/'
  if (text.includes('@')) return 'person@example.com'
  return 'example'
}

/** A value of the same shape without anything of the old one; lists keep one item. */
function syntheticValue(value: unknown, depth: number): unknown {
  if (value === null) return null
  if (typeof value === 'string') return syntheticText(value)
  if (typeof value === 'number') return Number.isInteger(value) ? 1 : 0.5
  if (typeof value === 'boolean') return true
  if (depth > MAX_DEPTH) return null
  if (Array.isArray(value)) return value.slice(0, 1).map((item) => syntheticValue(item, depth + 1))
  return syntheticObject(value as Json, depth)
}

function syntheticObject(value: Json, depth: number): Json {
  // Keys that are no names may be somebody's data (a map of addresses).
  const entries = Object.entries(value).filter(([name]) => isFieldName(name))
  const kept = entries.slice(0, MAX_KEYS)
  return Object.fromEntries(kept.map(([name, own]) => [name, syntheticValue(own, depth + 1)]))
}

/** `evt_` and a number, long enough for an id of the sender. */
function syntheticId(number: number): string {
  return `evt_${String(number).padStart(ID_DIGITS, '0')}`
}

/** A body of the same type and shape as a real one, of which no value is kept. */
export function syntheticBody({ type, apiVersion, data, previousAttributes }: Envelope): Json {
  return {
    id: syntheticId(0),
    type,
    created: '2026-01-01T00:00:00.000Z',
    tenant_id: `tnt_${'0'.repeat(ID_DIGITS)}`,
    live_mode: false,
    api_version: apiVersion,
    data: syntheticObject(data, 0),
    previous_attributes:
      previousAttributes === null ? null : syntheticObject(previousAttributes, 0),
  }
}

function branchOf(type: unknown): unknown {
  return Array.isArray(type) ? type.find((branch) => branch !== 'null') : type
}

function fits(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type
    case 'long':
      return Number.isSafeInteger(value)
    case 'double':
      return Number.isFinite(value)
    default:
      return false
  }
}

/** The value with null wherever it is not of its type; keys that the schema lacks stay. */
function fitted(value: unknown, type: unknown): unknown {
  const branch = branchOf(type)
  if (value === null) return null
  if (!isJsonObject(branch)) return fits(value, branch) ? value : null
  if (branch.type === 'array') {
    if (!Array.isArray(value)) return null
    return value.map((item) => fitted(item, branch.items)).filter((item) => item !== null)
  }
  if (!isJsonObject(value)) return null
  const types = typesOf(branch)
  const entries = Object.entries(value).map(([name, own]) => {
    return [name, types.has(name) ? fitted(own, types.get(name)) : own] as const
  })
  return Object.fromEntries(entries)
}

function typesOf(record: Json): ReadonlyMap<unknown, unknown> {
  const fields = Array.isArray(record.fields) ? record.fields.filter(isJsonObject) : []
  return new Map(fields.map(({ name, type }) => [name, type]))
}

/**
 * A synthetic body as a sample of a schema: only resources that it knows, only values that fit. Null
 * when none of its resources is known.
 *
 * @param number makes its id one of its own
 */
export function fittedSample(body: Json, schema: Json, number: number): Json | null {
  const types = typesOf(schema)
  const data = Object.entries(body.data as Json)
  const isOther = [...types.values()].filter(Array.isArray).every((type) => type.includes('string'))
  const kept = isOther ? data : data.filter(([name]) => types.has(name))
  if (kept.length === 0 && !isOther) return null
  const { previous_attributes, ...rest } = body
  return {
    ...rest,
    id: syntheticId(number),
    data: Object.fromEntries(
      kept.map(([name, value]) => [name, isOther ? value : fitted(value, types.get(name))]),
    ),
    ...(types.has('previous_attributes') ? { previous_attributes } : {}),
  }
}
