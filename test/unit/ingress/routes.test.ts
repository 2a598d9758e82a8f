import { describe, expect, it } from 'vitest'
import type { CatalogueEntry, RegisteredSchema } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import { DOMAINS, recordName } from '#core/routing.ts'
import type { VersionState } from '#core/versions.ts'
import { compileRoutes } from '#ingress/routes.ts'
import type { EventEncoder } from '#platform/avro/event-encoder.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import { bodyWith, schemaText, toEncode } from '../platform/avro/sample-events.ts'

function entry(version: string, state: VersionState): CatalogueEntry {
  const domains = DOMAINS.map((domain, i) => [
    domain,
    {
      subject: recordName(version, domain),
      schemaId: i + 1,
      schema: schemaText(version, domain),
    },
  ])
  return { version: version as ApiVersion, state, domains: Object.fromEntries(domains) }
}

function encoderFor({ schema, schemaId }: RegisteredSchema): EventEncoder {
  return compileEventEncoder({ schemaText: schema, schemaId })
}

describe('the table of routes', () => {
  const entries = [entry('2026-02-01', 'retired'), entry('2026-05-19', 'active')]
  const table = compileRoutes(entries, 'acme', encoderFor)

  it('has each version with its state', () => {
    expect([...table.versions].map(([version, { state }]) => [version, state])).toEqual([
      ['2026-02-01', 'retired'],
      ['2026-05-19', 'active'],
    ])
    expect(table.versions.get('2025-11-01')).toBeUndefined()
  })

  it.each(DOMAINS)('encodes an event of %s with the schema id of that domain', (domain) => {
    const event = toEncode(bodyWith('pass.created', '{}'))
    const encoded = table.versions.get('2026-05-19')?.encoders[domain]?.encode(event)
    expect(encoded?.ok && encoded.value.readUInt32BE(1)).toBe(DOMAINS.indexOf(domain) + 1)
  })

  it('names the topics of both modes, and never mixes them', () => {
    expect(table.topics.live.events.card).toBe('acme.live.card')
    expect(table.topics.sandbox.events.other).toBe('acme.sandbox.other')
    expect(table.topics.live.quarantine).toBe('acme.live.quarantine')
    for (const topic of [
      table.topics.sandbox.quarantine,
      ...Object.values(table.topics.sandbox.events),
    ]) {
      expect(topic).toMatch(/^acme\.sandbox\./)
    }
  })

  it('has a gap for a schema that this release cannot compile, and nothing else suffers', () => {
    const gapped = compileRoutes(entries, 'acme', (schema) =>
      schema.subject.endsWith('CardEvent') ? null : encoderFor(schema),
    )
    const { encoders } = gapped.versions.get('2026-05-19') ?? {}
    expect(encoders?.card).toBeNull()
    expect(encoders?.pass).not.toBeNull()
  })

  it('knows the topics before any version is there', () => {
    const empty = compileRoutes([], 'acme', encoderFor)
    expect([empty.versions.size, empty.topics.live.quarantine]).toEqual([0, 'acme.live.quarantine'])
  })
})
