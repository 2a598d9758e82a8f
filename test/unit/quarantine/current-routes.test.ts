import { describe, expect, it } from 'vitest'
import { routesOf } from '#quarantine/current-routes.ts'
import { catalogueEntry } from './set-aside.ts'

describe('the routes of a catalogue', () => {
  it('encode every domain of every version, and have a gap for a schema that is none', () => {
    const broken = catalogueEntry('2026-02-01')
    const { card } = broken.domains
    const domains = { ...broken.domains, card: { ...card, schema: '{' } }
    const table = routesOf([catalogueEntry('2026-05-19'), { ...broken, domains }], 'acme')
    expect(table.versions.get('2026-05-19')?.encoders.card).not.toBeNull()
    expect(table.versions.get('2026-02-01')?.encoders.card).toBeNull()
    expect(table.versions.get('2026-02-01')?.encoders.pass).not.toBeNull()
    expect(table.topics.sandbox.quarantine).toBe('acme.sandbox.quarantine')
  })
})
