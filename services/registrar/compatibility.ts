import type { CheckFinding } from './check-finding.ts'
import { isWithin, ownFields } from './renaming.ts'
import type { DescribedField } from './schema-fields.ts'
import { describedFields } from './schema-fields.ts'

type Finding = Omit<CheckFinding, 'file'>

function finding(path: string, rule: CheckFinding['rule'], message: string): Finding {
  return { path, rule, message }
}

function changedFindings(before: DescribedField, after: DescribedField): readonly Finding[] {
  const { path } = after
  const findings: Finding[] = []
  if (before.type !== after.type) {
    findings.push(finding(path, 'field-retyped', `was ${before.type}, is ${after.type}`))
  }
  if (before.nullable !== after.nullable) {
    const message = after.nullable ? 'was required, is nullable' : 'was nullable, is required'
    findings.push(finding(path, 'field-retyped', message))
  }
  if (before.record !== after.record && before.record !== null && after.record !== null) {
    const message = `its record was ${before.record}, is ${after.record}: readers match by name`
    findings.push(finding(path, 'record-renamed', message))
  }
  if (before.hasDefault && !after.hasDefault) {
    findings.push(finding(path, 'default-removed', 'had a default: older records may lack it'))
  }
  if (before.pii && !after.pii) {
    findings.push(finding(path, 'pii-removed', 'was pii: what was masked would be shown'))
  }
  return findings
}

/**
 * What a schema must not change of one that is registered in the same version: inside a version
 * every change is a new, optional field. In words that name the field, since registries give none.
 * Both must have passed the linter. Pure.
 */
export function compatibilityFindings(registered: string, candidate: string): readonly Finding[] {
  const before = describedFields(registered)
  const after = describedFields(candidate)
  const known = new Map(before.map((field) => [field.path, field]))
  const removed = ownFields(before, after).map(({ path }) =>
    finding(path, 'field-removed', 'is registered and missing here'),
  )
  const added = ownFields(after, before)
  const required = after
    .filter(({ path }) => added.some((top) => top.path === path || isWithin(path, top.path)))
    .filter(({ nullable, hasDefault }) => !nullable || !hasDefault)
    .map(({ path }) =>
      finding(path, 'field-required', 'is new, so it must be nullable with default null'),
    )
  const changed = after.flatMap((field) => {
    const was = known.get(field.path)
    return was === undefined ? [] : changedFindings(was, field)
  })
  return [...removed, ...required, ...changed]
}
