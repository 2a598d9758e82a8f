/** The parts of a signed body that the database keeps, as JSON text that `jsonb` accepts. */
export interface BodyTexts {
  /** The whole of `data`. */
  readonly data: string
  /** Each resource under `data`, by its key. */
  readonly resources: ReadonlyMap<string, { readonly id: string | null; readonly text: string }>
  /** Null when missing or null. */
  readonly previousAttributes: string | null
}

/**
 * Numbers whose digits `JSON.parse` may lose: more than 15 digits, or an exponent. Ids, which are
 * full of such, are no numbers: reading exactly is slow.
 */
const DELICATE_NUMBER = /(?:^|[[:,\s])-?\d(?:(?:\.?\d){15}|[\d.]*[eE])/
const ESCAPE = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\./g
const UNSTORABLE_ESCAPE = /^\\u(?:0000|[dD][89a-fA-F][\da-fA-F]{2})$/

/**
 * JSON text without what `jsonb` refuses: U+0000 and lone surrogates become U+FFFD. The body as
 * signed stays the truth, on the topic.
 */
export function storable(json: string): string {
  if (!json.includes('\\u')) return json
  return json.replace(ESCAPE, (found) => (UNSTORABLE_ESCAPE.test(found) ? '\\ufffd' : found))
}

/** Text for a `text` column: without U+0000, which Postgres refuses, and well-formed. */
export function storableText(value: string): string {
  return (value.includes('\u0000') ? value.replaceAll('\u0000', '\ufffd') : value).toWellFormed()
}

interface SourceContext {
  readonly source?: string
}

// Node 24 has both halves of "JSON.parse source text access"; TypeScript's library not yet.
const withSource = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: SourceContext) => unknown,
  ): unknown
  rawJSON(text: string): unknown
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}

/** The text of a number that `parsedExactly` kept as it came; null for every other value. */
export function digitsOf(value: unknown): string | null {
  return withSource.isRawJSON(value) ? value.rawJSON : null
}

/** Parses so that `JSON.stringify` gives back every number with the digits it came with. */
export function parsedExactly(json: string): unknown {
  if (!DELICATE_NUMBER.test(json)) return JSON.parse(json)
  return withSource.parse(json, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? withSource.rawJSON(source) : value,
  )
}

type Fields = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function resourceText(value: Fields) {
  const id = Object.hasOwn(value, 'id') && typeof value.id === 'string' ? value.id : null
  return { id, text: storable(JSON.stringify(value)) }
}

/** Cuts a body into what is kept, or null when it is no JSON object with an object `data`. */
export function bodyTexts(raw: Buffer): BodyTexts | null {
  let body: unknown
  try {
    body = parsedExactly(raw.toString('utf8'))
  } catch {
    return null
  }
  if (!isObject(body) || !isObject(body.data)) return null
  const resources = new Map(
    Object.entries(body.data).flatMap(([name, value]) =>
      isObject(value) ? [[name, resourceText(value)] as const] : [],
    ),
  )
  const previous = body.previous_attributes ?? null
  return {
    data: storable(JSON.stringify(body.data)),
    resources,
    previousAttributes: previous === null ? null : storable(JSON.stringify(previous)),
  }
}
