import { isObject } from './projection.ts'

interface ReviverContext {
  /** The digits of a primitive as they stand in the text (ES2025, Node 22 and later). */
  readonly source?: string
}

const INTEGER = /^-?\d+$/
/** Sign and 19 digits hold every int64; longer ones need no bigint, they do not fit anyway. */
const MAX_INT64_LENGTH = 20

function exact(_key: string, value: unknown, context: ReviverContext): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context.source ?? ''
  return source.length <= MAX_INT64_LENGTH && INTEGER.test(source) ? BigInt(source) : value
}

const parse = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: ReviverContext) => unknown,
) => unknown

/**
 * Parses the body again, with bigints where a double has lost digits, and returns its `data`.
 * Slow, hence only for events in which such a number was met. Null when the text is no JSON
 * object with one, or is too deep for the engine.
 */
export function exactData(raw: Uint8Array): Record<string, unknown> | null {
  try {
    const body = parse(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString(), exact)
    if (!isObject(body) || !Object.hasOwn(body, 'data')) return null
    return isObject(body.data) ? body.data : null
  } catch {
    return null
  }
}
