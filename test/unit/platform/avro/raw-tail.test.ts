import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rawCandidates } from '#platform/avro/raw-tail.ts'
import type { Body, Version } from '../../../fixtures/published-versions.ts'
import { sample, ValueWriter, VERSIONS } from '../../../fixtures/published-versions.ts'

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'))
    return true
  } catch {
    return false
  }
}

function rawOf(value: Buffer): string | undefined {
  for (const candidate of rawCandidates(value)) {
    if (isJson(candidate)) return candidate.toString('utf8')
  }
  return undefined
}

describe('raw without a schema', () => {
  const writer = new ValueWriter('card')

  it.each(VERSIONS)('is found in every record of %s, byte for byte', async (version) => {
    const text = JSON.stringify(await sample(version, 'card.transaction.authorized'), null, 1)
    expect(rawOf(await writer.encode(text))).toBe(text)
    expect(rawOf(await writer.encode(`\n ${text} `))).toBe(`\n ${text} `)
  })

  it('is found whatever the fields before it hold', async () => {
    const body = await sample('2026-05-19' satisfies Version, 'card.transaction.authorized')
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: fc.constantFrom('{', '}', '"', ' ', '\u0080', 'é', ':', 'n', '\\') }),
    )
    await fc.assert(
      fc.asyncProperty(text, text, fc.nat(200_000), async (name, id, padding) => {
        const transaction = { id, merchant: { name } }
        const changed: Body = { ...body, data: { transaction, padding: ' '.repeat(padding) } }
        const sent = JSON.stringify(changed)
        expect(rawOf(await writer.encode(sent))).toBe(sent)
      }),
      { numRuns: 300 },
    )
  })

  it.each(['', '7b2269643a317d', '00000000010203', '000000000106'])(
    'is not found where no record is: %s',
    (hex) => {
      expect(rawOf(Buffer.from(hex, 'hex'))).toBeUndefined()
    },
  )
})
