import { describe, expect, it } from 'vitest'
import { isSameSchema } from '#platform/registry/schema-identity.ts'

const LONG = { name: 'a', type: ['null', 'long'], default: null }
const INNER = { type: 'record', name: 'Inner', fields: [LONG] }

function schema(...fields: readonly object[]): object {
  return { type: 'record', name: 'Probe', namespace: 'test', fields }
}

function isSame(one: object, other: object): boolean {
  return isSameSchema(JSON.stringify(one), JSON.stringify(other, null, 2))
}

describe('two texts of a schema', () => {
  const whole = schema(LONG, { name: 'inner', type: INNER })

  it.each([
    ['the order of keys', { fields: [LONG], name: 'Probe', namespace: 'test', type: 'record' }],
    ['a full name', { type: 'record', name: 'test.Probe', fields: [LONG] }],
    ['docs and attributes of our own', schema({ ...LONG, doc: 'x', pii: true })],
    ['a primitive in an object', schema({ ...LONG, type: ['null', { type: 'long' }] })],
  ])('are one whatever is said of %s', (_, other) => {
    expect(isSame(schema(LONG), other)).toBe(true)
  })

  it('are one when an inner record repeats its namespace', () => {
    const repeated = { ...INNER, namespace: 'test' }
    expect(isSame(whole, schema(LONG, { name: 'inner', type: repeated }))).toBe(true)
    const elsewhere = { ...INNER, namespace: 'other' }
    expect(isSame(whole, schema(LONG, { name: 'inner', type: elsewhere }))).toBe(false)
  })

  it.each([
    ['name', { ...schema(LONG), name: 'Other' }],
    ['namespace', { ...schema(LONG), namespace: 'other' }],
    ['field', schema({ ...LONG, name: 'b' })],
    ['number of fields', schema(LONG, { ...LONG, name: 'b' })],
    ['type', schema({ ...LONG, type: ['null', 'string'] })],
    ['order of a union', schema({ ...LONG, type: ['long', 'null'] })],
    ['default', schema({ name: 'a', type: ['null', 'long'] })],
    [
      'logical type',
      schema({ ...LONG, type: ['null', { type: 'long', logicalType: 'timestamp-millis' }] }),
    ],
    ['list', schema({ ...LONG, type: ['null', { type: 'array', items: 'long' }] })],
  ])('are two when they differ in a %s', (_, other) => {
    expect(isSame(schema(LONG), other)).toBe(false)
    expect(isSame(other, other)).toBe(true)
  })

  it('are two when one of them is no JSON', () => {
    expect(isSameSchema('nonsense', 'nonsense')).toBe(false)
  })
})
