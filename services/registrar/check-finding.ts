import type { LintRule } from './lint-finding.ts'

/** What a check refuses beyond the linter's rules; the table is in schemas/README.md. */
export const CHECK_RULES = [
  'file',
  'field-removed',
  'field-retyped',
  'field-required',
  'record-renamed',
  'default-removed',
  'pii-removed',
  'registry-refuses',
  'sample-json',
  'sample-envelope',
  'sample-name',
  'sample-version',
  'sample-misfit',
  'sample-unknown',
  'sample-bytes',
  'sample-id',
  'no-samples',
] as const
type CheckRule = LintRule | (typeof CHECK_RULES)[number]

/** One reason why a version may not be registered. */
export interface CheckFinding {
  /** From the folder of the version on, e.g. `2026-05-19/card.avsc`. */
  readonly file: string
  /** Which field; empty for the file as a whole. */
  readonly path: string
  readonly rule: CheckRule
  /** Never repeats a value of a sample. */
  readonly message: string
}

/** A finding as one line. */
export function findingLine({ file, path, rule, message }: CheckFinding): string {
  const place = path === '' ? file : `${file}: ${path}`
  return `${place}: ${message} [${rule}]`
}
