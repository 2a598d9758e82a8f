/**
 * One pass over JSON text that `JSON.parse` has accepted, for what `JSON.parse` hides: repeated
 * top-level keys (the last one would win in silence), nesting depth, and where a top-level value
 * stands in the text.
 */
export interface JsonScan {
  /** A top-level key that stands there more than once, escapes resolved. */
  readonly repeatedKey: boolean
  /** The deepest nesting of objects and arrays; 0 for a bare value. */
  readonly depth: number
  /** The text of `previous_attributes` exactly as sent, or null when the key is missing. */
  readonly previousAttributes: string | null
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c

const SPANNED_KEY = 'previous_attributes'

/** The index of the quote that closes the string opened at `open`. */
export function stringEnd(text: string, open: number): number {
  let i = text.indexOf('"', open + 1)
  while (i !== -1 && isEscaped(text, i)) i = text.indexOf('"', i + 1)
  return i === -1 ? text.length : i
}

function isEscaped(text: string, quote: number): boolean {
  let slashes = 0
  while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes += 1
  return slashes % 2 === 1
}

/** The text between two quotes, escapes resolved. */
export function keyText(text: string, open: number, end: number): string {
  const bare = text.slice(open + 1, end)
  return bare.includes('\\') ? (JSON.parse(`"${bare}"`) as string) : bare
}

class Scanner {
  depth = 0
  deepest = 0
  repeatedKey = false
  span: string | null = null
  readonly #keys = new Set<string>()
  #hasKeys = false
  #expectsKey = false
  #spanFrom = -1

  open(isObject: boolean): void {
    this.depth += 1
    if (this.depth > this.deepest) this.deepest = this.depth
    if (this.depth !== 1) return
    this.#hasKeys = isObject
    this.#expectsKey = isObject
  }

  close(text: string, at: number): void {
    if (this.depth === 1) this.#endSpan(text, at)
    this.depth -= 1
  }

  comma(text: string, at: number): void {
    if (this.depth !== 1) return
    this.#endSpan(text, at)
    this.#expectsKey = this.#hasKeys
  }

  string(text: string, open: number, end: number): void {
    if (this.depth !== 1 || !this.#expectsKey) return
    this.#expectsKey = false
    const key = keyText(text, open, end)
    if (this.#keys.has(key)) this.repeatedKey = true
    this.#keys.add(key)
    if (key === SPANNED_KEY) this.#spanFrom = text.indexOf(':', end) + 1
  }

  #endSpan(text: string, at: number): void {
    if (this.#spanFrom === -1) return
    this.span = text.slice(this.#spanFrom, at).trim()
    this.#spanFrom = -1
  }
}

/** Scans `text`, which must be valid JSON; anything else gives a meaningless answer. */
export function scanJson(text: string): JsonScan {
  const scanner = new Scanner()
  for (let i = 0; i < text.length; i += 1) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = stringEnd(text, i)
        scanner.string(text, i, end)
        i = end
        break
      }
      case OPEN_BRACE:
        scanner.open(true)
        break
      case OPEN_BRACKET:
        scanner.open(false)
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        scanner.close(text, i)
        break
      case COMMA:
        scanner.comma(text, i)
        break
      default:
        break
    }
  }
  const { repeatedKey, deepest: depth, span: previousAttributes } = scanner
  return { repeatedKey, depth, previousAttributes }
}
