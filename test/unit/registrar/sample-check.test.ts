import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import { compileEventDecoder } from '#platform/avro/event-decoder.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import { bytesFindings, checkSamples } from '#registrar/sample-check.ts'
import type { SchemaFolder } from '#registrar/schema-files.ts'
import type { SampleFile } from '#registrar/version-folder.ts'
import { toEncode } from '../platform/avro/sample-events.ts'
import type { Patch } from './vectors.ts'
import { apply, realSchema, vectors, versions } from './vectors.ts'

interface BadSample {
  readonly name: string
  readonly where: { readonly version: string; readonly type: string }
  /** One of these three makes the file. */
  readonly text?: string
  readonly hex?: string
  readonly patch?: readonly Patch[]
  readonly expect: { readonly rule: string; readonly path: string }
}

const schemas = new URL('../../../schemas/', import.meta.url)

function folderOf(version: string): SchemaFolder {
  const pairs = DOMAINS.map((domain) => [domain, JSON.stringify(realSchema({ version, domain }))])
  return {
    version: version as ApiVersion,
    schemas: Object.fromEntries(pairs) as Record<Domain, string>,
  }
}

function realSample(version: string, name: string): SampleFile {
  return { name, bytes: readFileSync(new URL(`${version}/samples/${name}`, schemas)) }
}

function badSample({ where, text, hex, patch }: BadSample): SampleFile {
  const real = realSample(where.version, `${where.type}.json`)
  if (hex !== undefined) return { ...real, bytes: Buffer.from(hex, 'hex') }
  if (text !== undefined) return { ...real, bytes: Buffer.from(text) }
  const body: unknown = JSON.parse(real.bytes.toString())
  for (const change of patch ?? []) apply(body, change)
  return { ...real, bytes: Buffer.from(JSON.stringify(body)) }
}

describe('the check of samples', () => {
  it.each(versions)('finds nothing in those of %s and names all their types', (version) => {
    const names = readdirSync(new URL(`${version}/samples/`, schemas))
    const checked = checkSamples(
      folderOf(version),
      names.map((name) => realSample(version, name)),
    )
    expect(checked.findings).toEqual([])
    expect(checked.types.map((type) => `${type}.json`)).toEqual(names)
    expect(checked.unknownFields).toBeGreaterThan(0)
  })

  it.each(vectors<BadSample>('bad-samples'))('refuses $name', (vector) => {
    const { version, type } = vector.where
    const { findings } = checkSamples(folderOf(version), [badSample(vector)])
    expect(findings.map(({ rule, path }) => ({ rule, path }))).toContainEqual(vector.expect)
    expect(findings[0]?.file).toBe(`${version}/samples/${type}.json`)
  })

  it('repeats no value of a sample', () => {
    const patch = [{ path: ['data', 'card', 'status'], value: { secret: 'Ada Lovelace' } }]
    const vector = { where: { version: '2026-05-19', type: 'card.created' }, patch } as never
    const { findings } = checkSamples(folderOf('2026-05-19'), [badSample(vector)])
    expect(findings).toHaveLength(1)
    expect(JSON.stringify(findings)).not.toMatch(/Ada|secret/)
  })

  it('refuses an id that two samples share', () => {
    const one = realSample('2026-05-19', 'card.created.json')
    const other = realSample('2026-05-19', 'card.activated.json')
    const id = JSON.parse(one.bytes.toString()).id as string
    const bytes = Buffer.from(other.bytes.toString().replace(/evt_\w+/, id))
    const { findings } = checkSamples(folderOf('2026-05-19'), [one, { ...other, bytes }])
    expect(findings).toMatchObject([{ rule: 'sample-id', path: 'id' }])
  })

  it('refuses a version that no sample proves', () => {
    const { findings } = checkSamples(folderOf('2026-05-19'), [])
    expect(findings).toMatchObject([{ rule: 'no-samples', file: '2026-05-19' }])
  })
})

describe('a codec that is not true to its bytes', () => {
  const schemaText = folderOf('2026-05-19').schemas.card
  const encoder = compileEventEncoder({ schemaText, schemaId: 1 })
  const decoder = compileEventDecoder({ schemaText })
  const event = toEncode(realSample('2026-05-19', 'card.created.json').bytes)
  const encoded = encoder.encode(event)
  const value = encoded.ok ? encoded.value : Buffer.alloc(0)
  const reading = decoder.decode(value)
  if (!reading.ok) throw new Error(reading.reason)
  const read = reading.event

  it.each([
    ['reads nothing', { ok: false as const, reason: 'truncated' }, ''],
    ['changes raw', { ok: true as const, event: { ...read, raw: Buffer.from('{}') } }, 'raw'],
    ['changes a field', { ok: true as const, event: { ...read, id: 'evt_other' } }, ''],
    ['loses a resource', { ok: true as const, event: { ...read, resources: {} } }, ''],
  ])('is found when it %s', (_what, result, path) => {
    const findings = bytesFindings({ encoder, decode: () => result }, event, value)
    expect(findings).toMatchObject([{ rule: 'sample-bytes', path }])
  })

  it('is none when it is', () => {
    expect(bytesFindings({ encoder, decode: decoder.decode }, event, value)).toEqual([])
  })
})
