import { digitsOf } from './json-text.ts'

/** A value out of `parsedExactly`; undefined where there is none. */
type Value = unknown
type Fields = Readonly<Record<string, unknown>>

/** A field in which what was before an update is not what the update says. */
export interface Difference {
  /** Names from the resource down, separated by dots. */
  readonly path: string
  /** What the update says there was; null also for nothing. */
  readonly expected: unknown
  /** What the event before it shows; null also for nothing. */
  readonly found: unknown
}

const NUMBER = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

function isFields(value: Value): value is Fields {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && digitsOf(value) === null
}

/** The text of a number whose digits matter, or of any other. */
function numberText(value: Value): string | null {
  return typeof value === 'number' ? String(value) : digitsOf(value)
}

/** One text for each number, however it was written: `1.50`, `15e-1` and `1.5` are one. */
function canonical(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(number) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  const scale = Number(exponent) - fraction.length + (digits.length - significant.length)
  return `${sign}${significant}e${scale}`
}

function sameNumber(a: string, b: string): boolean {
  return a === b || canonical(a) === canonical(b)
}

function sameFields(a: Fields, b: Fields): boolean {
  const own = Object.keys(a).every((name) => sameValue(a[name], member(b, name)))
  return own && Object.keys(b).every((name) => Object.hasOwn(a, name) || (b[name] ?? null) === null)
}

/** Deep equality as JSON sees it: no order of keys, numbers by value, missing the same as null. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true
  if ((a ?? null) === null || (b ?? null) === null) return (a ?? null) === (b ?? null)
  const number = numberText(a)
  if (number !== null) {
    const other = numberText(b)
    return other !== null && sameNumber(number, other)
  }
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => sameValue(item, b[i]))
  }
  return isFields(a) && isFields(b) && sameFields(a, b)
}

/** An own member of an object, or an item of a list by its number. */
function member(value: Value, name: string): Value {
  if (Array.isArray(value)) return /^\d+$/.test(name) ? value[Number(name)] : undefined
  return isFields(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** A member by its name, dots and all, or else by any path that its dots make. */
function at(value: Value, name: string): Value {
  const literal = member(value, name)
  if (literal !== undefined) return literal
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const inner = member(value, name.slice(0, dot))
    const found = inner === undefined ? undefined : at(inner, name.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}

function contradictionsIn(previous: Fields, before: Value, path: string): readonly Difference[] {
  return Object.entries(previous).flatMap(([name, expected]) => {
    const found = at(before, name)
    const here = `${path}${name}`
    if (isFields(expected)) return contradictionsIn(expected, found, `${here}.`)
    return sameValue(expected, found) ? [] : [{ path: here, expected, found: found ?? null }]
  })
}

/**
 * Where an update's `previous_attributes` disagree with the snapshot before it. How the sender
 * writes nested changes is unknown (contract, section 1), so both forms count: `{"a":{"b":1}}`, in
 * which only the named keys are compared, and `{"a.b":1}`. Lists are compared whole.
 */
export function contradictions(previous: Value, before: Value): readonly Difference[] {
  return isFields(previous) ? contradictionsIn(previous, before, '') : []
}

/** Whether there is anything that an update says of before; `{}` says as little as null. */
export function saysAnything(previous: Value): boolean {
  return isFields(previous) && Object.keys(previous).length > 0
}

function pathsIn(previous: Fields, path: string): readonly string[] {
  return Object.entries(previous).flatMap(([name, value]) => {
    const here = `${path}${name}`
    return isFields(value) && Object.keys(value).length > 0 ? pathsIn(value, `${here}.`) : [here]
  })
}

/** The fields that an update names as changed. */
export function announcedPaths(previous: Value): readonly string[] {
  return isFields(previous) ? pathsIn(previous, '') : []
}

function isBelow(path: string, above: string): boolean {
  return path.startsWith(above) && path[above.length] === '.'
}

/** `may_be_new`: unless the old value was an object that did not have the field at all. */
type Naming = 'named' | 'may_be_new' | 'not_named'

function namingOf(path: string, previous: Value, named: readonly string[]): Naming {
  if (named.some((one) => one === path || isBelow(path, one) || isBelow(one, path))) return 'named'
  const objects = isFields(previous) ? Object.keys(previous) : []
  const isInside = objects.some((name) => isBelow(path, name) && isFields(member(previous, name)))
  return isInside ? 'may_be_new' : 'not_named'
}

/**
 * Where two snapshots in a row differ although the update between them does not name the field.
 * Whether `{"a":{"b":1}}` names one key of `a` or tells all of its old value is unknown; so another
 * key of `a` counts only when it was there before.
 *
 * @param announced fields that the sender is known to name when they change; the others (the time
 *   of the last change, a signed link) prove nothing.
 */
export function silentChanges(
  previous: Value,
  before: Value,
  after: Value,
  announced: Iterable<string>,
): readonly Difference[] {
  const named = announcedPaths(previous)
  const differences: Difference[] = []
  for (const path of announced) {
    const [expected, found] = [at(after, path) ?? null, at(before, path) ?? null]
    if (sameValue(expected, found)) continue
    const naming = namingOf(path, previous, named)
    if (naming === 'not_named' || (naming === 'may_be_new' && found !== null)) {
      differences.push({ path, expected, found })
    }
  }
  return differences
}
