import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import { RegistryClient } from '#platform/registry/registry-client.ts'

// Its first answers take their time on a busy machine.
const client = new RegistryClient({ url: inject('registryUrl'), timeoutMs: 10_000 })

function schema(...fields: readonly object[]): string {
  return JSON.stringify({ type: 'record', name: 'Probe', namespace: 'test', fields })
}

const A = { name: 'a', type: 'string' }
const OPTIONAL = { name: 'b', type: ['null', 'string'], default: null }

describe('a real registry', () => {
  it('takes a level before the first version, then the schema, and knows it again', async () => {
    const subject = `test.${randomUUID()}`
    expect(await client.compatibility(subject)).toEqual({ kind: 'ok', value: null })
    expect(await client.registeredId(subject, schema(A))).toEqual({ kind: 'ok', value: null })
    expect(await client.setCompatibility(subject)).toEqual({ kind: 'ok', value: null })
    expect(await client.compatibility(subject)).toEqual({ kind: 'ok', value: 'FULL_TRANSITIVE' })
    const registered = await client.register(subject, schema(A))
    expect(registered.kind).toBe('ok')
    expect(await client.registeredId(subject, schema(A))).toEqual(registered)
    expect(await client.register(subject, schema(A))).toEqual(registered)
  })

  it('takes an optional field more and refuses a required one', async () => {
    const subject = `test.${randomUUID()}`
    await client.setCompatibility(subject)
    await client.register(subject, schema(A))
    expect(await client.register(subject, schema(A, OPTIONAL))).toMatchObject({ kind: 'ok' })
    const required = await client.register(subject, schema(A, { name: 'c', type: 'string' }))
    expect(required).toMatchObject({ kind: 'refused', status: 409 })
  })

  it('does not know an id that was never given', async () => {
    expect(await client.schemaText(987_654_321)).toEqual({ kind: 'ok', value: null })
  })
})
