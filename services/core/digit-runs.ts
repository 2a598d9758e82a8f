import { isCardNumber, LEAST_DIGITS, MOST_DIGITS } from './card-issuers.ts'

/**
 * A run is what consists of digits, spaces and dashes. Within it, digits are parted into groups by
 * single spaces or dashes; whatever is parted by more is not one number.
 */
interface Group {
  readonly from: number
  readonly to: number
  /** What parts it from the next group; 0 where that is not one space or one dash. */
  readonly separator: number
}

const ZERO = 0x30
const NINE = 0x39
const SPACE = 0x20
const DASH = 0x2d
const DOT = 0x2e
const PLUS = 0x2b
const UNDERSCORE = 0x5f

/** How cards are printed when something else stands beside them, such as an expiry date. */
const PRINTED: readonly (readonly number[])[] = [
  [4, 4, 4, 4],
  [4, 4, 4, 4, 3],
  [4, 6, 5],
  [4, 6, 4],
]
const PRINTED_FIRST = 4

export function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

export function belongsToRun(code: number): boolean {
  return isDigit(code) || code === SPACE || code === DASH
}

function isWordPart(code: number): boolean {
  const lower = code | 0x20
  return isDigit(code) || (lower >= 0x61 && lower <= 0x7a) || code === UNDERSCORE
}

/** Whether the digits at `from` to `to` are only a part of what stands there. */
function isJoined(text: string, from: number, to: number): boolean {
  const before = text.charCodeAt(from - 1)
  if (isWordPart(before) || before === DASH || before === PLUS) return true
  if (before === DOT && isDigit(text.charCodeAt(from - 2))) return true
  const after = text.charCodeAt(to)
  if (isWordPart(after) || after === DASH) return true
  return after === DOT && isDigit(text.charCodeAt(to + 1))
}

function groupsOf(text: string, from: number, to: number): readonly Group[] {
  const groups: Group[] = []
  for (let i = from; i < to; i += 1) {
    if (!isDigit(text.charCodeAt(i))) continue
    let end = i + 1
    while (end < to && isDigit(text.charCodeAt(end))) end += 1
    const hasNext = end + 1 < to && isDigit(text.charCodeAt(end + 1))
    groups.push({ from: i, to: end, separator: hasNext ? text.charCodeAt(end) : 0 })
    i = end
  }
  return groups
}

/**
 * Groups that may be one number: those that dashes join, or else those that spaces part. Each group
 * is in one chain, so that the whole takes one pass.
 */
function chainsOf(groups: readonly Group[]): readonly Group[][] {
  const chains: Group[][] = []
  let dashed = false
  for (const [i, group] of groups.entries()) {
    const before = groups[i - 1]?.separator ?? 0
    const opensDashed = before !== DASH && group.separator === DASH
    const follows = before === DASH || (before === SPACE && !dashed && !opensDashed)
    if (follows) chains.at(-1)?.push(group)
    else chains.push([group])
    dashed = group.separator === DASH || before === DASH
  }
  return chains
}

function digitsOf(text: string, groups: readonly Group[]): string {
  return groups.map(({ from, to }) => text.slice(from, to)).join('')
}

function lengthOf({ from, to }: Group): number {
  return to - from
}

function countOf(groups: readonly Group[]): number {
  return groups.reduce((sum, group) => sum + lengthOf(group), 0)
}

/** The groups are one number, however they are cut; single digits are no groups. */
function isOneCard(text: string, groups: readonly Group[]): boolean {
  if (groups.length > MOST_DIGITS) return false
  const count = countOf(groups)
  if (count < LEAST_DIGITS || count > MOST_DIGITS) return false
  const isCut = groups.length > 1
  if (isCut && groups.some((group) => lengthOf(group) < 2)) return false
  return isCardNumber(digitsOf(text, groups))
}

/** Groups from `at` on as cards are printed, unless they are the middle of a longer row of fours. */
function printedAt(groups: readonly Group[], at: number): readonly (readonly Group[])[] {
  const [group, previous] = [groups[at], groups[at - 1]]
  if (group === undefined || lengthOf(group) !== PRINTED_FIRST) return []
  if (previous !== undefined && lengthOf(previous) === PRINTED_FIRST) return []
  return PRINTED.filter((shape) =>
    shape.every((length, n) => {
      const group = groups[at + n]
      return group !== undefined && lengthOf(group) === length
    }),
  ).map((shape) => groups.slice(at, at + shape.length))
}

function chainHolds(text: string, chain: readonly Group[]): boolean {
  if (isOneCard(text, chain)) return true
  if (chain.length === 1 || chain[0]?.separator === DASH) return false
  return chain.some(
    (group, at) =>
      (lengthOf(group) >= LEAST_DIGITS && isOneCard(text, [group])) ||
      printedAt(chain, at).some((window) => isOneCard(text, window)),
  )
}

/**
 * Whether a run holds a card number.
 *
 * @param alone only what is not joined to anything beside it counts
 */
export function runHolds(text: string, from: number, to: number, alone: boolean): boolean {
  const groups = groupsOf(text, from, to)
  if (countOf(groups) < LEAST_DIGITS) return false
  return chainsOf(groups).some((chain) => {
    const joined = alone && isJoined(text, chain[0]?.from ?? 0, chain.at(-1)?.to ?? 0)
    return !joined && chainHolds(text, chain)
  })
}
