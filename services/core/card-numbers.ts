import { isCardNumber, LEAST_DIGITS } from './card-issuers.ts'
import { belongsToRun, isDigit, runHolds } from './digit-runs.ts'
import { keyText, stringEnd } from './json-scan.ts'

/** The names of the keys down to a value; `[]` for an item of a list. */
export type ValuePath = readonly string[]

const LIST_ITEM = '[]'

const QUOTE = 0x22
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const MINUS = 0x2d

/** Digits, spaces and dashes written as `\u0034`, or an escape whose last digit would join a number. */
const ESCAPED_PART = /\\u(?:00(?:3\d|20|2[dD])|[\da-fA-F]{3}\d[ -]?\d)/
const NUMBER = /[-+.\deE]+/y

/**
 * Every run of at least 13 characters holds one of those at 12, 25, 38, …, so the others need not
 * be looked at: an event without digits costs a thirteenth of its length.
 */
function someRunHolds(text: string, alone: boolean): boolean {
  for (let i = LEAST_DIGITS - 1; i < text.length; i += LEAST_DIGITS) {
    if (!belongsToRun(text.charCodeAt(i))) continue
    let from = i
    while (from > 0 && belongsToRun(text.charCodeAt(from - 1))) from -= 1
    let to = i + 1
    while (to < text.length && belongsToRun(text.charCodeAt(to))) to += 1
    if (to - from >= LEAST_DIGITS && runHolds(text, from, to, alone)) return true
    i = to
  }
  return false
}

/** Whether the text of one value, escapes resolved, holds a card number. */
export function holdsCardNumber(value: string): boolean {
  return someRunHolds(value, true)
}

interface Frame {
  readonly isObject: boolean
  /** Of the value that stands there now. */
  key: string
}

/** Goes from value to value; only for the few texts that are worth it. */
class ValueWalk {
  readonly #text: string
  readonly #frames: Frame[] = []
  #expectsKey = false

  constructor(text: string) {
    this.#text = text
  }

  /** The first value that holds a card number. */
  find(): ValuePath | null {
    let i = 0
    while (i < this.#text.length) {
      const end = this.#step(i)
      if (end < 0) return this.#frames.map(({ key }) => key)
      i = end
    }
    return null
  }

  /** Where the next token begins; negative when the one at `i` holds a card number. */
  #step(i: number): number {
    const code = this.#text.charCodeAt(i)
    if (code === QUOTE) return this.#string(i)
    if (code === MINUS || isDigit(code)) return this.#number(i)
    if (code === OPEN_BRACE || code === OPEN_BRACKET) this.#open(code === OPEN_BRACE)
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) this.#close()
    else if (code === COMMA) this.#expectsKey = this.#frames.at(-1)?.isObject ?? false
    return i + 1
  }

  #open(isObject: boolean): void {
    this.#frames.push({ isObject, key: isObject ? '' : LIST_ITEM })
    this.#expectsKey = isObject
  }

  #close(): void {
    this.#frames.pop()
    this.#expectsKey = false
  }

  #string(open: number): number {
    const end = stringEnd(this.#text, open)
    const content = keyText(this.#text, open, end)
    const frame = this.#frames.at(-1)
    if (!this.#expectsKey || frame === undefined) return holdsCardNumber(content) ? -1 : end + 1
    frame.key = content
    this.#expectsKey = false
    return end + 1
  }

  /** Whole and positive, as it stands there: a double would have rounded nineteen digits. */
  #number(from: number): number {
    NUMBER.lastIndex = from
    const token = NUMBER.exec(this.#text)?.[0] ?? ''
    const isWhole = /^\d+$/.test(token)
    return isWhole && isCardNumber(token) ? -1 : from + Math.max(1, token.length)
  }
}

/**
 * Where the first card number stands in a JSON text, or null: in string values and whole numbers,
 * not in keys. `text` must be valid JSON; anything else gives a meaningless answer.
 */
export function cardNumberPath(text: string): ValuePath | null {
  const isWorthIt = someRunHolds(text, false) || (text.includes('\\u') && ESCAPED_PART.test(text))
  return isWorthIt ? new ValueWalk(text).find() : null
}

/**
 * The path in words that may be shown: names of our schemas only, since keys are what was sent.
 *
 * @param known the names of fields that the event's schema has
 */
export function shownPath(path: ValuePath, known: ReadonlySet<string>): string | null {
  if (!path.every((name) => name === LIST_ITEM || known.has(name))) return null
  return path.join('.').replaceAll(`.${LIST_ITEM}`, LIST_ITEM)
}
