/** One thing that a schema must not be. */
export interface LintFinding {
  /** Dotted names of fields from the root, `[]` for the items of an array; empty for the root. */
  readonly path: string
  /** Stable name of the rule; the table is in schemas/README.md. */
  readonly rule: LintRule
  readonly message: string
}

export const LINT_RULES = [
  'root',
  'record-name',
  'namespace',
  'field-name',
  'duplicate-name',
  'doc',
  'unknown-attribute',
  'attribute-type',
  'envelope-field',
  'raw',
  'pii-missing',
  'foreign-resource',
  'nullable',
  'union-shape',
  'null-default',
  'type',
  'map',
  'enum',
  'fixed',
  'decimal',
  'logical-type',
  'recursion',
  'reference',
  'array-items',
  'zero-size-item',
  'empty-record',
  'depth',
] as const
export type LintRule = (typeof LINT_RULES)[number]

export type Json = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function finding(path: string, rule: LintRule, message: string): LintFinding {
  return { path, rule, message }
}
