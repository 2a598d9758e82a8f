import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Domain } from '#core/routing.ts'
import type { TypedEvent } from '#platform/avro/event-decoder.ts'
import type { KnownEvent } from '#sdk/events/known-event.ts'
import { knownEvent } from '#sdk/events/known-event.ts'
import { EVENT_TYPES } from '#sdk/events/known-events.ts'
import type { VersionedEvent } from '#sdk/events/versioned-event.ts'
import type { Sample } from '../../platform/avro/sample-events.ts'
import { samples } from '../../platform/avro/sample-events.ts'
import { decoded } from '../decoded-sample.ts'

type Interfaces = ReadonlyMap<string, ReadonlyMap<string, string>>

const events = new URL('../../../../services/sdk/events/', import.meta.url)

/** The interfaces of a file as it is committed: names of their properties and their types. */
function interfacesOf(file: string): Interfaces {
  const text = readFileSync(new URL(file, events), 'utf8')
  const found = [...text.matchAll(/^export interface (\w+)[^{]*\{\n(.*?)^\}/gms)]
  return new Map(
    found.map(([, name = '', body = '']) => {
      const properties = [...body.matchAll(/^ {2}readonly (\w+): (.+)$/gm)]
      return [name, new Map(properties.map(([, key = '', type = '']) => [key, type]))]
    }),
  )
}

/** Where a value is not of the type that is written in the file; empty when it is. */
function misfits(value: unknown, type: string, file: Interfaces, path: string): string[] {
  const union = type.split(' | ')
  if (union.length > 1) {
    return value === null ? [] : misfits(value, union[0] ?? '', file, path)
  }
  const [, item] = /^readonly (.+)\[\]$/.exec(type) ?? []
  if (item !== undefined) {
    if (!Array.isArray(value)) return [`${path}: no list`]
    return value.flatMap((one) => misfits(one, item, file, `${path}[]`))
  }
  if (type === 'Uint8Array') return value instanceof Uint8Array ? [] : [`${path}: no bytes`]
  const properties = file.get(type)
  if (properties === undefined) return typeof value === type ? [] : [`${path}: no ${type}`]
  if (typeof value !== 'object' || value === null) return [`${path}: no object`]
  const keys = [...properties.keys()]
  if (Object.keys(value).sort().join() !== keys.sort().join()) return [`${path}: other keys`]
  return Object.entries(value).flatMap(([key, own]) =>
    misfits(own, properties.get(key) ?? '', file, `${path}.${key}`),
  )
}

function resourcesName(domain: Domain): string {
  return `${domain.charAt(0).toUpperCase()}${domain.slice(1)}Resources`
}

/** What the parameters of the envelope stand for. */
const ENVELOPE_TYPES: ReadonlyMap<string, string> = new Map([
  ['Version', 'string'],
  ['Type', 'string'],
  ['Previous', 'string | null'],
])

describe('the committed types', () => {
  it.each(samples)('are what the decoder makes of $version $type', (sample) => {
    const { version, domain } = sample
    const event = decoded(sample)
    const file = interfacesOf(`${version}/${domain}.ts`)
    expect(misfits(event.resources, resourcesName(domain), file, 'resources')).toEqual([])
    expect(knownEvent(event)).toBe(event)
  })

  it.each(samples.slice(0, 3))('have the envelope that the decoder makes of $type', (sample) => {
    const event: VersionedEvent = decoded(sample)
    const { resources: _, ...envelope } = event
    const written = interfacesOf('versioned-event.ts').get('VersionedEvent') ?? new Map()
    const own = new Map(
      [...written]
        .filter(([key]) => key !== 'resources')
        .map(([key, type]) => [key, ENVELOPE_TYPES.get(type) ?? type]),
    )
    expect(misfits(envelope, 'Envelope', new Map([['Envelope', own]]), 'event')).toEqual([])
  })

  it('know every event type of every version, and no more', () => {
    const known = Object.entries(EVENT_TYPES).flatMap(([version, domains]) =>
      Object.values(domains).flatMap((types) => types.map((type) => `${version} ${type}`)),
    )
    expect(known.sort()).toEqual(samples.map(({ version, type }) => `${version} ${type}`).sort())
  })

  it('would be refused for a value of another type, a key too many, and one too few', () => {
    const [sample] = samples.filter(({ type }) => type === 'card.transaction.captured')
    const file = interfacesOf('2026-05-19/card.ts')
    const { transaction } = decoded(sample as Sample).resources as { transaction: object }
    const of = (value: object) => misfits(value, 'Transaction', file, '')
    expect(of(transaction)).toEqual([])
    expect(of({ ...transaction, amount_cents: 5 })).toEqual(['.amount_cents: no bigint'])
    expect(of({ ...transaction, more: 1 })).toEqual([': other keys'])
    expect(of({ id: 'txn_1' })).toEqual([': other keys'])
  })

  it('use only what node strips', () => {
    const files = readdirSync(events, { recursive: true }).map(String)
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      const text = readFileSync(new URL(file, events), 'utf8')
      expect(text).not.toMatch(/^\s*(?:export )?(?:declare |const )?(?:enum|namespace|module) /m)
    }
  })
})

/** Compiled by `npm run types`: each line holds only while the union tells its members apart. */
function narrowed(event: KnownEvent): bigint | readonly string[] | null {
  if (event.apiVersion === '2026-05-19' && event.type === 'card.transaction.captured') {
    return event.resources.transaction?.amount_cents ?? null
  }
  if (event.apiVersion === '2026-05-19' && event.type === 'card.created') {
    // @ts-expect-error: the field was dropped in this version
    event.resources.card?.spending_controls?.allowed_categories
    return event.resources.card?.spending_controls?.blocked_categories ?? null
  }
  if (event.apiVersion === '2026-02-01' && event.type === 'card.created') {
    const nothing: null = event.previousAttributes
    return nothing ?? event.resources.card?.spending_controls?.allowed_categories ?? null
  }
  // @ts-expect-error: no such event type
  if (event.type === 'card.eaten') return null
  return null
}

describe('a known event', () => {
  const [created, captured] = ['card.created', 'card.transaction.captured'].map((type) => {
    const sample = samples.find((one) => one.version === '2026-05-19' && one.type === type)
    return decoded(sample as Sample)
  })

  it('is told apart by its version and type', () => {
    expect(narrowed(knownEvent(captured as TypedEvent) as KnownEvent)).toBe(1250n)
    expect(narrowed(knownEvent(created as TypedEvent) as KnownEvent)).toEqual(expect.any(Array))
  })

  it.each([
    ['of a type that came later', { type: 'card.eaten' }],
    ['of a version that came later', { apiVersion: '2027-01-01' }],
    ['of a version that is a name of every object', { apiVersion: 'constructor' }],
  ])('is not one %s', (_what, change) => {
    expect(knownEvent({ ...(created as TypedEvent), ...change })).toBeNull()
  })
})
