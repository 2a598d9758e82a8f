/** A value in the words of another version, and what could not be said in them. */
export interface Cast<Value> {
  readonly value: Value
  /**
   * Paths whose meaning is not in the result: fields that the other version lacks, words that it
   * cannot tell. Empty means that the way back gives the same value again.
   */
  readonly lost: readonly string[]
}

/** A resource between two neighbouring versions. */
export interface Step<Before, After> {
  up(before: Before): Cast<After>
  down(after: After): Cast<Before>
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false

type Steps<Before, After> = {
  readonly [Name in keyof Before & keyof After]: Step<
    NonNullable<Before[Name]>,
    NonNullable<After[Name]>
  >
}

type Changed<Before, After> = {
  [Name in keyof Before & keyof After]: Same<Before[Name], After[Name]> extends true ? never : Name
}[keyof Before & keyof After]

/**
 * A step for each resource of a domain whose form changed: left out, it does not compile. Where only
 * words changed (a value of an enumeration), no type can tell; the changelog does.
 */
export type DomainSteps<Before, After> = Partial<Steps<Before, After>> &
  Pick<Steps<Before, After>, Changed<Before, After>>

export function lossless<Value>(value: Value): Cast<Value> {
  return { value, lost: [] }
}

/** The names that hold something. */
export function held(fields: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(fields).filter((name) => fields[name] !== null && fields[name] !== undefined)
}

/** A way to say a word in the other version, and the way back. */
interface Wording {
  readonly to: (word: string) => string
  readonly back: (word: string) => string
}

/**
 * A word in the words of the other version. Lost when the way back would give another word: then
 * it was none of its own version's.
 */
export function reworded(
  word: string | null,
  { to, back }: Wording,
  path: string,
): Cast<string | null> {
  if (typeof word !== 'string') return lossless(null)
  const value = to(word)
  return { value, lost: back(value) === word ? [] : [path] }
}
