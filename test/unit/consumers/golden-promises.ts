import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { DomainConsumer } from '#consumers/runtime/contract.ts'
import { reconcile } from '#consumers/runtime/projection.ts'
import { goldenFile, goldenProjections, goldenRows, versions } from './golden.ts'

/** The promises that the golden files of every domain keep. */
export function describeGolden(domain: DomainConsumer): void {
  const projections = goldenProjections(domain)

  describe(`golden samples of the ${domain.domain} domain`, () => {
    it('are there for every event type that the domain knows, in every version', () => {
      const known = versions().flatMap((version) =>
        Object.keys(domain.events).map((type) => `${version} ${type}`),
      )
      const sampled = projections.map(({ version, type }) => `${version} ${type}`)
      expect(sampled.sort()).toEqual(known.sort())
    })

    it.each(projections.map((golden) => [golden.version, golden.type, golden] as const))(
      'version %s, %s: gives the rows of its golden file and a snapshot as sent',
      (_version, _type, golden) => {
        const expected = JSON.parse(readFileSync(goldenFile(domain, golden), 'utf8'))
        expect(goldenRows(golden)).toEqual(expected)
        const [[, sent] = []] = Object.entries(golden.data)
        for (const { snapshot } of golden.states) expect(JSON.parse(snapshot)).toEqual(sent)
        expect(golden.states[0]?.projection.resource).toBe(domain.events[golden.type]?.resource)
      },
    )

    it.each(versions())('version %s: tell lives that the state machines allow', (version) => {
      const states = projections
        .filter((golden) => golden.version === version)
        .flatMap((golden) => golden.states)
      const impossible = domain.resources.flatMap((projection) => {
        const own = states.filter((state) => state.projection === projection)
        return reconcile(own, new Map()).impossible
      })
      expect(impossible).toEqual([])
    })
  })
}
