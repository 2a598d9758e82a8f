import { describe, expect, it } from 'vitest'
import { recordName } from '#core/routing.ts'
import { nearestSchema } from '#quarantine/nearest-schema.ts'
import { catalogueEntry } from './set-aside.ts'

const entries = ['2026-05-19', '2025-11-01', '2026-02-01'].map((version) => catalogueEntry(version))

function nearest(apiVersion: string | null, eventType: string | null) {
  return nearestSchema(entries, { apiVersion, eventType })
}

describe('the schema by which a body is masked', () => {
  it('is that of its version and domain', () => {
    const found = nearest('2026-02-01', 'pass.created')
    expect(found?.version).toBe('2026-02-01')
    expect(found?.text).toContain(recordName('2026-02-01', 'pass').split('.').at(-1) ?? '')
  })

  it.each(['2027-01-01', '2020-01-01', null])('is the newest when %s is unknown', (version) => {
    expect(nearest(version, 'card.created')?.version).toBe('2026-05-19')
  })

  it('is none when nobody knows the type', () => {
    expect(nearest('2026-05-19', null)).toBeNull()
    expect(nearestSchema([], { apiVersion: null, eventType: 'card.created' })).toBeNull()
  })
})
