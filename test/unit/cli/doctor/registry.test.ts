import { describe, expect, it } from 'vitest'
import { registryFindings } from '#cli/doctor/registry.ts'

function held(heldAs: number | null) {
  const name = 'com.qairopay.events.v2026_05_19'
  return [
    { subject: `${name}.CardEvent`, schemaId: 7, heldAs: 7 },
    { subject: `${name}.PassEvent`, schemaId: 8, heldAs },
  ]
}

describe('the registry', () => {
  it('is in order when it holds every schema under the id that records carry', () => {
    expect(registryFindings({ schemas: held(8) })).toMatchObject([
      { grade: 'ok', words: 'it holds all 2 schemas of the catalogue, under their ids' },
    ])
  })

  it.each([
    ['lacks a schema', null, /1 of 2 schemas are not in it: .*PassEvent/],
    ['has it under another id', 9, /1 of 2 schemas have another id.*PassEvent/],
  ])('is at fault when it %s', (_, heldAs, says) => {
    expect(registryFindings({ schemas: held(heldAs) })).toMatchObject([
      { grade: 'fault', words: expect.stringMatching(says) },
    ])
  })

  it('is not judged by a catalogue that nobody has read', () => {
    expect(registryFindings({ schemas: null })).toMatchObject([{ grade: 'warning' }])
  })
})
