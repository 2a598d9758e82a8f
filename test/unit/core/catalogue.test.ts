import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CatalogueEntry } from '#core/catalogue.ts'
import {
  catalogueKey,
  catalogueValue,
  isCatalogueKey,
  parseCatalogueEntry,
} from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import { apiVersion } from '#core/ids.ts'
import { DOMAINS } from '#core/routing.ts'
import { VERSION_STATES } from '#core/versions.ts'

const registered = fc.record({ subject: fc.string(), schemaId: fc.nat(), schema: fc.string() })

const entries: fc.Arbitrary<CatalogueEntry> = fc.record({
  version: fc
    .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10) as ApiVersion),
  state: fc.constantFrom(...VERSION_STATES),
  domains: fc.record(
    Object.fromEntries(DOMAINS.map((domain) => [domain, registered])) as Record<
      (typeof DOMAINS)[number],
      typeof registered
    >,
  ),
})

const [sample] = fc.sample(entries, { numRuns: 1, seed: 1 })
if (sample === undefined) throw new Error('no sample')
const key = catalogueKey(sample.version)

/** The value of the sample with one place changed. */
function changed(change: (fields: Record<string, unknown>) => void): string {
  const fields = JSON.parse(catalogueValue(sample as CatalogueEntry))
  change(fields)
  return JSON.stringify(fields)
}

describe('an entry of the control topic', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const read = parseCatalogueEntry(catalogueKey(entry.version), catalogueValue(entry))
        expect(read).toEqual({ ok: true, entry })
      }),
    )
  })

  it('is written the same whatever the order of its domains, so that repeats change nothing', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const backwards = Object.fromEntries(Object.entries(entry.domains).reverse())
        const other = { ...entry, domains: backwards } as unknown as CatalogueEntry
        expect(catalogueValue(other)).toBe(catalogueValue(entry))
      }),
    )
  })

  it('tolerates fields of a later release', () => {
    const value = changed((fields) => Object.assign(fields, { note: 'x' }))
    expect(parseCatalogueEntry(key, value)).toEqual({ ok: true, entry: sample })
  })

  it.each([
    ['no JSON', '{"version":'],
    ['nothing', ''],
    ['null', 'null'],
    ['a number', '7'],
    ['a list', '[]'],
    ['without a version', changed((fields) => delete fields.version)],
    ['of a version that is no date', changed((fields) => Object.assign(fields, { version: 'v1' }))],
    ['of another version', changed((fields) => Object.assign(fields, { version: '1999-01-01' }))],
    ['of an unknown state', changed((fields) => Object.assign(fields, { state: 'paused' }))],
    ['of an inherited state', changed((fields) => Object.assign(fields, { state: 'constructor' }))],
    ['without domains', changed((fields) => delete fields.domains)],
    ['with null domains', changed((fields) => Object.assign(fields, { domains: null }))],
  ])('is a problem in words when it is %s', (_what, value) => {
    expect(parseCatalogueEntry(key, value)).toEqual({ ok: false, problem: expect.any(String) })
  })

  it.each(DOMAINS)('is a problem when %s lacks its schema or has a broken one', (domain) => {
    const good = { subject: 's', schema_id: 1, schema: '{}' }
    for (const broken of [
      ...[undefined, null, 'x', {}, { ...good, schema_id: '1' }, { ...good, schema_id: 1.5 }],
      ...[
        { ...good, schema: {} },
        { ...good, subject: null },
      ],
    ]) {
      const value = changed((fields) => {
        ;(fields.domains as Record<string, unknown>)[domain] = broken
      })
      expect(parseCatalogueEntry(key, value).ok, JSON.stringify(broken)).toBe(false)
    }
  })

  it('never throws, whatever stands on the topic', () => {
    fc.assert(
      fc.property(fc.string(), fc.oneof(fc.string(), fc.json()), (anyKey, value) => {
        expect(typeof parseCatalogueEntry(anyKey, value).ok).toBe('boolean')
      }),
    )
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('version', 'state', 'domains'), (value, name) => {
        const text = changed((fields) => Object.assign(fields, { [name]: value }))
        expect(typeof parseCatalogueEntry(key, text).ok).toBe('boolean')
      }),
    )
  })

  it('has a key that tells it from other records', () => {
    expect(catalogueKey(apiVersion('2026-05-19') as ApiVersion)).toBe('version/2026-05-19')
    expect(isCatalogueKey('version/2026-05-19')).toBe(true)
    for (const other of ['lease/1', 'versions', '', 'x/version/2026-05-19']) {
      expect(isCatalogueKey(other)).toBe(false)
    }
  })
})
