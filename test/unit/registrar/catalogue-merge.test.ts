import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CatalogueEntry } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import { DOMAINS } from '#core/routing.ts'
import type { VersionState } from '#core/versions.ts'
import { VERSION_STATES } from '#core/versions.ts'
import { keepingSchemas, keepingStates } from '#registrar/catalogue-merge.ts'

const VERSION = '2032-01-01' as ApiVersion

/** An entry whose schemas are told apart by the id of all of them. */
function entry(state: VersionState, schemaId: number, version = VERSION): CatalogueEntry {
  const pairs = DOMAINS.map((domain) => [domain, { subject: domain, schemaId, schema: '{}' }])
  return { version, state, domains: Object.fromEntries(pairs) }
}

describe('a registrar that brings schemas', () => {
  it('writes what it wants where nobody else wrote', () => {
    const wanted = [entry('unknown', 2)]
    expect(keepingStates(wanted, [])).toEqual({ kind: 'merged', wanted, missing: wanted })
    expect(keepingStates(wanted, wanted)).toMatchObject({ wanted, missing: [] })
  })

  it.each(['draining', 'active', 'retired'] as const)(
    'does not take back that its version is %s, and keeps its schemas',
    (state) => {
      const since = [entry(state, 1), entry('unknown', 2)]
      const merge = keepingStates([entry('unknown', 2)], since)
      const wanted = [entry(state, 2)]
      expect(merge).toEqual({ kind: 'merged', wanted, missing: wanted })
    },
  )

  it('is not misled by another registrar that was late as well', () => {
    const since = [entry('draining', 1), entry('unknown', 3), entry('unknown', 2)]
    expect(keepingStates([entry('unknown', 2)], since)).toMatchObject({
      wanted: [entry('draining', 2)],
    })
  })

  it('follows from active to retired and back', () => {
    const since = [entry('retired', 1), entry('active', 1), entry('unknown', 2)]
    expect(keepingStates([entry('active', 2)], since)).toMatchObject({
      wanted: [entry('active', 2)],
    })
  })

  it('leaves alone what others wrote of other versions', () => {
    const wanted = [entry('unknown', 2)]
    const since = [entry('active', 9, '2033-01-01' as ApiVersion), ...wanted]
    expect(keepingStates(wanted, since)).toMatchObject({ wanted, missing: [] })
  })

  it('never brings a version back to what sets its events aside, whatever was written', () => {
    const anyState = fc.constantFrom(...VERSION_STATES)
    const anyEntry = fc.tuple(anyState, fc.integer({ min: 1, max: 2 }))
    fc.assert(
      fc.property(anyState, fc.array(anyEntry, { maxLength: 8 }), (read, others) => {
        const since = others.map(([state, id]) => entry(state, id))
        const merge = keepingStates([entry(read, 3)], since)
        const state = merge.kind === 'merged' ? merge.wanted[0]?.state : undefined
        const seen = [read, ...others.map(([one]) => one)]
        const isRouted = seen.includes('active') || seen.includes('retired')
        const expected = isRouted
          ? ['active', 'retired']
          : [seen.includes('draining') ? 'draining' : 'unknown']
        expect(expected).toContain(state)
      }),
    )
  })
})

describe('a command that changes the state', () => {
  it('takes the schemas that a registrar wrote meanwhile', () => {
    const since = [entry('draining', 2), entry('active', 1)]
    const wanted = [entry('active', 2)]
    expect(keepingSchemas('draining')([entry('active', 1)], since)).toEqual({
      kind: 'merged',
      wanted,
      missing: wanted,
    })
  })

  it('knows its own write again, also when it was repeated', () => {
    const own = entry('active', 1)
    expect(keepingSchemas('draining')([own], [own, own])).toMatchObject({ missing: [] })
  })

  it('writes over the earlier state of a late registrar, with its schemas', () => {
    const wanted = [entry('active', 2)]
    const merged = { kind: 'merged', wanted, missing: wanted }
    for (const since of [[entry('unknown', 2)], [entry('active', 1), entry('unknown', 2)]]) {
      expect(keepingSchemas('draining')([entry('active', 1)], since)).toEqual(merged)
    }
  })

  it('gives up where somebody else changed the state, and says which', () => {
    const since = [entry('retired', 2), entry('active', 2)]
    expect(keepingSchemas('draining')([entry('active', 1)], since)).toEqual({
      kind: 'conflict',
      why: 'somebody else wrote that 2032-01-01 is retired while it was draining',
    })
  })
})
