import { describe, expect, it } from 'vitest'
import { nonNull, readEventSchema, typeNameOf } from '#platform/avro/event-schema.ts'
import { schemaText, versions } from './sample-events.ts'

describe('the schema of a domain', () => {
  it.each(versions)('has its resources apart from the envelope (%s)', (version) => {
    const { resources } = readEventSchema(schemaText(version, 'card'))
    expect(resources.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['card', 'transaction', 'dispute']),
    )
    for (const name of ['id', 'tenant_id', 'raw', 'previous_attributes']) {
      expect(resources.some((field) => field.name === name)).toBe(false)
    }
  })

  it('holds previous attributes from 2026-05-19 on', () => {
    const holding = versions.filter(
      (version) => readEventSchema(schemaText(version, 'pass')).hasPreviousAttributes,
    )
    expect(holding).toEqual(['2026-05-19'])
  })

  it.each(['', '{', 'null', '7', '"long"', '{"type":"enum"}', '{"type":"record","name":"R"}'])(
    'is an error of ours when it is %j',
    (text) => {
      expect(() => readEventSchema(text)).toThrow()
    },
  )
})

describe('a type', () => {
  it('is the one beside null', () => {
    expect(nonNull(['null', 'string'])).toBe('string')
    expect(nonNull('long')).toBe('long')
    expect(() => nonNull(['null'])).toThrow(/without a value/)
  })

  it('has the same name in every notation', () => {
    expect(typeNameOf('string')).toBe('string')
    expect(typeNameOf({ type: 'string' })).toBe('string')
    expect(typeNameOf({ type: { type: 'array', items: 'long' } })).toBe('array')
    expect(typeNameOf({ type: ['null', 'long'] })).toBe('long')
  })
})
