import { describe, expect, it } from 'vitest'
import type { CatalogueEntry } from '#core/catalogue.ts'
import { catalogueKey, catalogueValue } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import { DOMAINS } from '#core/routing.ts'
import type { VersionState } from '#core/versions.ts'
import { entriesAfter } from '#platform/kafka/catalogue-records.ts'

const VERSION = '2026-05-19' as ApiVersion
const KEY = catalogueKey(VERSION)

function entry(state: VersionState): CatalogueEntry {
  const domains = Object.fromEntries(
    DOMAINS.map((domain, i) => [domain, { subject: domain, schemaId: i + 1, schema: '{}' }]),
  )
  return { version: VERSION, state, domains: domains as CatalogueEntry['domains'] }
}

function record(value: string | null, key = KEY) {
  return { key: Buffer.from(key), value: value === null ? null : Buffer.from(value), offset: '7' }
}

const OTHER_SCHEMA = { subject: 'card', schemaId: 9, schema: '{"a":1}' }
const NONE = new Map<string, CatalogueEntry>()
const ACTIVE = new Map([[KEY, entry('active')]])

describe('the entries of the control topic', () => {
  it('hold the last state of a version', () => {
    const records = [
      record(catalogueValue(entry('draining'))),
      record(catalogueValue(entry('active'))),
    ]
    expect(entriesAfter(NONE, records, NONE).entries.get(KEY)?.state).toBe('active')
  })

  it.each([
    ['unknown', 'draining'],
    ['unknown', 'active'],
    ['draining', 'retired'],
  ] as const)(
    'do not go back to %s from %s, and say that it has to be written again',
    (to, from) => {
      const written = { ...entry(to), domains: { ...entry(to).domains, card: OTHER_SCHEMA } }
      const { entries } = entriesAfter(
        NONE,
        [record(catalogueValue(entry(from))), record(catalogueValue(written))],
        NONE,
      )
      expect(entries.get(KEY)).toEqual({ ...written, state: from, isTakenBack: true })
      const mended = entriesAfter(entries, [record(catalogueValue(entry(from)))], NONE)
      expect(mended.entries.get(KEY)).toEqual(entry(from))
    },
  )

  it('begin anew after a tombstone', () => {
    const records = [record(null), record(catalogueValue(entry('unknown')))]
    expect(entriesAfter(ACTIVE, records, NONE).entries.get(KEY)).toEqual(entry('unknown'))
  })

  it('lose a version with its tombstone', () => {
    expect(entriesAfter(ACTIVE, [record(null)], NONE).entries.size).toBe(0)
  })

  it('keep the last good entry when a broken one follows, and say so', () => {
    const { entries, broken } = entriesAfter(ACTIVE, [record('{"version":')], NONE)
    expect(entries.get(KEY)).toEqual(entry('active'))
    expect(broken).toEqual([{ offset: '7', problem: expect.any(String) }])
  })

  it('fall back to what was known before when compaction has left only the broken one', () => {
    const { entries } = entriesAfter(NONE, [record('broken')], ACTIVE)
    expect(entries.get(KEY)).toEqual(entry('active'))
  })

  it('do not bring back what a tombstone removed before', () => {
    const { entries } = entriesAfter(
      NONE,
      [record(catalogueValue(entry('active'))), record(null)],
      ACTIVE,
    )
    expect(entries.size).toBe(0)
  })

  it('ignore keys of other kinds', () => {
    const { entries, broken } = entriesAfter(NONE, [record('anything', 'lease/1')], NONE)
    expect([entries.size, broken.length]).toEqual([0, 0])
  })

  it('leave the given map as it was', () => {
    entriesAfter(ACTIVE, [record(null)], NONE)
    expect(ACTIVE.size).toBe(1)
  })
})
