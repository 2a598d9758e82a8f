import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DOMAINS } from '#core/routing.ts'
import { lintSchema } from '#registrar/lint.ts'
import { LINT_RULES } from '#registrar/lint-finding.ts'
import type { Patch, Where } from './vectors.ts'
import { apply, realSchema, vectors, versions } from './vectors.ts'

interface BadSchema {
  readonly name: string
  readonly where: Where
  /** Instead of a patch of the real schema. */
  readonly schema?: unknown
  readonly patch?: readonly Patch[]
  readonly expect: { readonly rule: string; readonly path: string }
}

function badSchema({ where, schema, patch = [] }: BadSchema): unknown {
  const patched = schema ?? realSchema(where)
  for (const change of patch) apply(patched, change)
  return patched
}

const schemas = new URL('../../../schemas/', import.meta.url)
const bad = vectors<BadSchema>('bad-schemas')

describe('the linter of schemas', () => {
  it.each(versions.flatMap((version) => DOMAINS.map((domain) => ({ version, domain }))))(
    'has nothing against $version/$domain.avsc',
    (where) => {
      expect(lintSchema(realSchema(where), where)).toEqual([])
    },
  )

  it.each(bad)('refuses $name', (vector) => {
    const findings = lintSchema(badSchema(vector), vector.where)
    expect(findings.map(({ rule, path }) => ({ rule, path }))).toContainEqual(vector.expect)
  })

  it('has a bad schema for each of its rules', () => {
    const proven = new Set(bad.map((vector) => vector.expect.rule))
    expect(LINT_RULES.filter((rule) => !proven.has(rule))).toEqual([])
  })

  it('explains each of its rules in schemas/README.md', () => {
    const readme = readFileSync(new URL('README.md', schemas), 'utf8')
    expect(LINT_RULES.filter((rule) => !readme.includes(`\`${rule}\``))).toEqual([])
  })

  it('answers with findings, whatever JSON a file holds', () => {
    const where = { version: '2026-05-19', domain: 'card' }
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.jsonValue()), (value, fields) => {
        expect(lintSchema(value, where)).not.toEqual([])
        expect(lintSchema({ type: 'record', fields }, where)).not.toEqual([])
      }),
    )
  })
})
