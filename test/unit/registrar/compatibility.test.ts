import { describe, expect, it } from 'vitest'
import { DOMAINS } from '#core/routing.ts'
import { compatibilityFindings } from '#registrar/compatibility.ts'
import { lintSchema } from '#registrar/lint.ts'
import type { Patch, Where } from './vectors.ts'
import { apply, realSchema, vectors, versions } from './vectors.ts'

interface BadChange {
  readonly name: string
  readonly where: Where
  readonly patch: readonly Patch[]
  readonly expect: { readonly rule: string; readonly path: string }
}

function findings({ where, patch }: Pick<BadChange, 'where' | 'patch'>) {
  const changed = realSchema(where)
  for (const change of patch) apply(changed, change)
  return compatibilityFindings(JSON.stringify(realSchema(where)), JSON.stringify(changed))
}

const where = { version: '2026-05-19', domain: 'card' }

describe('the comparison with what is registered', () => {
  it.each(vectors<BadChange>('bad-changes'))('refuses $name', (vector) => {
    const found = findings(vector).map(({ rule, path }) => ({ rule, path }))
    expect(found).toContainEqual(vector.expect)
  })

  it('has nothing against a schema that stays as it is', () => {
    for (const version of versions) {
      for (const domain of DOMAINS) {
        expect(findings({ where: { version, domain }, patch: [] })).toEqual([])
      }
    }
  })

  it('has nothing against a new field that may be null, nor does the linter', () => {
    const value = { name: 'network', type: ['null', 'string'], default: null, doc: 'New.' }
    const patch = [{ path: ['fields', 'card', 'type', 1, 'fields', 'network'], value }]
    expect(findings({ where, patch })).toEqual([])
    const changed = realSchema(where)
    for (const change of patch) apply(changed, change)
    expect(lintSchema(changed, where)).toEqual([])
  })

  it('has nothing against words, more pii, and a guess that the sender confirmed', () => {
    const status = ['fields', 'card', 'type', 1, 'fields', 'status']
    const patch: Patch[] = [
      { path: [...status, 'doc'], value: 'Another doc.' },
      { path: [...status, 'pii'], value: true },
      { path: [...status, 'inferred'], remove: true },
    ]
    expect(findings({ where, patch })).toEqual([])
  })
})
