import type { Json, LintFinding } from './lint-finding.ts'
import { finding } from './lint-finding.ts'

const FIELD_ATTRIBUTES = ['name', 'type', 'doc', 'default', 'pii', 'inferred']
const RECORD_ATTRIBUTES = ['type', 'name', 'namespace', 'doc', 'fields']
const FLAGS = ['pii', 'inferred']

export const FIELD_NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/
const RECORD_NAME = /^[A-Z][A-Za-z0-9]*$/

/** Names that stand for a person's data whatever they stand in. */
const PERSONAL_NAMES: ReadonlySet<unknown> = new Set([
  'holder',
  'email',
  'phone',
  'phone_number',
  'first_name',
  'last_name',
  'full_name',
  'date_of_birth',
  'birth_date',
  'street',
  'postal_code',
  'national_id',
  'ssn',
  'passport_number',
  'ip_address',
  'tracking_number',
])

function docFindings(node: Json, path: string): LintFinding[] {
  if (typeof node.doc === 'string' && node.doc.trim() !== '') return []
  return [finding(path, 'doc', 'has no doc: other teams read this file')]
}

function unknownAttributes(node: Json, allowed: readonly string[], path: string): LintFinding[] {
  // A mistyped `pii` would switch masking off in silence.
  return Object.keys(node)
    .filter((name) => !allowed.includes(name))
    .map((name) => finding(path, 'unknown-attribute', `has the unknown attribute ${name}`))
}

function flagFindings(node: Json, path: string): LintFinding[] {
  return FLAGS.filter((flag) => Object.hasOwn(node, flag) && node[flag] !== true).map((flag) =>
    finding(path, 'attribute-type', `${flag} is true or left out, nothing else`),
  )
}

/** Doc, names of attributes and flags of a field. */
export function fieldAttributeFindings(field: Json, path: string): LintFinding[] {
  const lawful = typeof field.name === 'string' && FIELD_NAME.test(field.name)
  const name = lawful ? [] : [finding(path, 'field-name', 'names of fields are snake_case')]
  return [
    ...name,
    ...docFindings(field, path),
    ...unknownAttributes(field, FIELD_ATTRIBUTES, path),
    ...flagFindings(field, path),
  ]
}

/** A field named like personal data that neither is tagged nor stands in something that is. */
export function personalFindings(field: Json, path: string, pii: boolean): LintFinding[] {
  if (pii || !PERSONAL_NAMES.has(field.name)) return []
  return [finding(path, 'pii-missing', 'is named like personal data: tag it pii')]
}

/** Doc, name and names of attributes of a record. */
export function recordAttributeFindings(record: Json, path: string): LintFinding[] {
  const lawful = typeof record.name === 'string' && RECORD_NAME.test(record.name)
  const name = lawful ? [] : [finding(path, 'record-name', 'names of records are PascalCase')]
  return [
    ...name,
    ...docFindings(record, path),
    ...unknownAttributes(record, RECORD_ATTRIBUTES, path),
  ]
}
