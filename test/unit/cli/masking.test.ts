import { describe, expect, it } from 'vitest'
import { compileMask, MASKED } from '#cli/masking.ts'

const PERSON = {
  type: 'record',
  name: 'Person',
  fields: [
    { name: 'email', type: ['null', 'string'], pii: true },
    { name: 'country', type: ['null', 'string'] },
  ],
}

function mask(fields: readonly object[]) {
  return compileMask(JSON.stringify({ type: 'record', name: 'Event', fields }))
}

describe('the mask', () => {
  it('hides a tagged field and leaves the others', () => {
    const hide = mask([{ name: 'holder', type: ['null', PERSON] }])
    expect(hide({ holder: { email: 'a@example.com', country: 'CH' } })).toEqual({
      holder: { email: MASKED, country: 'CH' },
    })
  })

  it('hides a tagged record as a whole', () => {
    const hide = mask([{ name: 'holder', type: ['null', PERSON], pii: true }])
    expect(hide({ holder: { email: 'a@example.com', country: 'CH' } })).toEqual({ holder: MASKED })
  })

  it('reaches into lists and into records that are named a second time', () => {
    const hide = mask([
      { name: 'first', type: ['null', PERSON] },
      { name: 'others', type: ['null', { type: 'array', items: 'Person' }] },
    ])
    expect(hide({ first: null, others: [{ email: 'b@example.com', country: 'DE' }] })).toEqual({
      first: null,
      others: [{ email: MASKED, country: 'DE' }],
    })
  })

  it('shows that a value is missing', () => {
    const hide = mask([{ name: 'holder', type: ['null', PERSON] }])
    expect(hide({ holder: { email: null, country: null } })).toEqual({
      holder: { email: null, country: null },
    })
  })
})
