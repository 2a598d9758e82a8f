/** The subjects of an examination, in the order in which they are told. */
export type Check =
  | 'settings'
  | 'brokers'
  | 'cluster'
  | 'topics'
  | 'catalogue'
  | 'registry'
  | 'database'
  | 'clock'
  | 'endpoints'
  | 'consumers'
  | 'dead letters'
  | 'quarantine'
  | 'send'

/**
 * `fault`: something does not work, or will lose or refuse events. `warning`: it works, and a person
 * should look at it soon, or it could not be looked at because of a fault elsewhere.
 */
type Grade = 'ok' | 'warning' | 'fault'

/** What was found of one subject. */
export interface Finding {
  readonly check: Check
  readonly grade: Grade
  /** Without a full stop; repeats no secret. */
  readonly words: string
  /** What to do about it; null where nothing is to be done. */
  readonly remedy: string | null
  /** For machines: numbers of the finding, e.g. how long a leg took. */
  readonly figures?: Readonly<Record<string, string | number | null>>
}

export function ok(check: Check, words: string): Finding {
  return { check, grade: 'ok', words, remedy: null }
}

export function warning(check: Check, words: string, remedy: string): Finding {
  return { check, grade: 'warning', words, remedy }
}

export function fault(check: Check, words: string, remedy: string): Finding {
  return { check, grade: 'fault', words, remedy }
}

const NAMED_AT_MOST = 3

/** The first names of many, and how many there are besides. */
export function someOf(names: readonly string[]): string {
  const left = names.length - NAMED_AT_MOST
  const named = names.slice(0, NAMED_AT_MOST).join(', ')
  return left > 0 ? `${named} and ${left} more` : named
}

/** `1 topic`, `2 topics`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** How many findings there are of each grade, in words. */
export function gradesOf(findings: readonly Finding[]): string {
  const count = (grade: Grade) => findings.filter((finding) => finding.grade === grade).length
  return `${count('ok')} ok, ${counted(count('warning'), 'warning')}, ${counted(count('fault'), 'fault')}`
}
