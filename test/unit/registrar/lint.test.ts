import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DOMAINS } from '#core/routing.ts'
import { lintSchema } from '#registrar/lint.ts'
import { LINT_RULES } from '#registrar/lint-finding.ts'

interface Where {
  readonly version: string
  readonly domain: string
}

interface Patch {
  /** Keys, indices, and in a list of fields the name of one. */
  readonly path: readonly (string | number)[]
  readonly value?: unknown
  readonly remove?: true
}

interface BadSchema {
  readonly name: string
  readonly where: Where
  /** Instead of a patch of the real schema. */
  readonly schema?: unknown
  readonly patch?: readonly Patch[]
  readonly expect: { readonly rule: string; readonly path: string }
}

type Keyed = Record<string | number, unknown>

const schemas = new URL('../../../schemas/', import.meta.url)
const vectors = new URL('../../vectors/bad-schemas/', import.meta.url)
const versions = readdirSync(schemas).filter((name) => /^\d/.test(name))

function realSchema({ version, domain }: Where): unknown {
  return JSON.parse(readFileSync(new URL(`${version}/${domain}.avsc`, schemas), 'utf8'))
}

function place(node: unknown, key: string | number): string | number {
  if (!Array.isArray(node) || typeof key === 'number') return key
  const index = node.findIndex((field: Keyed) => field.name === key)
  // A new field stands before the last one, which is raw at the root.
  if (index === -1) node.splice(node.length - 1, 0, {})
  return index === -1 ? node.length - 2 : index
}

function apply(schema: unknown, { path, value, remove }: Patch): void {
  let node = schema as Keyed
  for (const key of path.slice(0, -1)) node = node[place(node, key)] as Keyed
  const last = place(node, path.at(-1) ?? '')
  if (remove !== true) node[last] = value
  else if (Array.isArray(node)) node.splice(Number(last), 1)
  else delete node[last]
}

function badSchema({ where, schema, patch = [] }: BadSchema): unknown {
  const patched = schema ?? realSchema(where)
  for (const change of patch) apply(patched, change)
  return patched
}

const bad = readdirSync(vectors).map(
  (file) => JSON.parse(readFileSync(new URL(file, vectors), 'utf8')) as BadSchema,
)

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
