import { describe, expect, it } from 'vitest'
import { columnsOf } from '#consumers/runtime/columns.ts'
import type { DomainEvent, Fields } from '#consumers/runtime/contract.ts'
import type { AnyVersionOf } from '#sdk/events/known-event.ts'

const event = {} as DomainEvent
const card = columnsOf<AnyVersionOf<'card', 'card'>>()
const transaction = columnsOf<AnyVersionOf<'card', 'transaction'>>()
const template = columnsOf<AnyVersionOf<'pass', 'pass_template'>>()
const scan = columnsOf<AnyVersionOf<'pass', 'scan'>>()

describe('a column', () => {
  it.each<[string, ReturnType<typeof card.text>, Fields, unknown]>([
    ['a text', card.text('status'), { status: 'active' }, 'active'],
    ['a text within', transaction.text('merchant', 'name'), { merchant: { name: 'x' } }, 'x'],
    ['an amount', transaction.amount('amount_cents'), { amount_cents: 2n ** 62n }, 2n ** 62n],
    ['a number', scan.number('latitude'), { latitude: 1.5 }, 1.5],
    ['a count', template.count('relevant_locations'), { relevant_locations: [{}, {}] }, 2n],
    [
      'words, of whichever version',
      card.words('spending_controls', 'allowed_categories'),
      { spending_controls: { allowed_categories: ['a', 'b'] } },
      '["a","b"]',
    ],
  ])('is made from %s', (_, column, resource, value) => {
    expect(column.of(resource, event)).toBe(value)
  })

  it('is null where the value is missing, or another than the types say', () => {
    const merchant = transaction.text('merchant', 'name')
    for (const value of [undefined, null, 'x', 5, [], {}, { name: null }, { name: 5 }]) {
      expect(merchant.of({ merchant: value }, event)).toBeNull()
    }
    expect(merchant.of(Object.create({ merchant: { name: 'inherited' } }), event)).toBeNull()
    expect(transaction.amount('amount_cents').of({ amount_cents: 5 }, event)).toBeNull()
    const controls = { spending_controls: { blocked_categories: ['a', 5] } }
    const blocked = card.words('spending_controls', 'blocked_categories')
    expect(blocked.of(controls, event)).toBeNull()
  })

  it('does not compile from a field that no version has, or that holds something else', () => {
    // @ts-expect-error a field that is none
    card.text('stauts')
    // @ts-expect-error an object is no text
    card.text('shipping')
    // @ts-expect-error a field below a text
    card.text('status', 'name')
    // @ts-expect-error a text is no amount
    transaction.amount('currency')
    // @ts-expect-error items of a list have many values
    template.text('relevant_locations', 'latitude')
    expect(card.text('shipping', 'tracking_number').type).toBe('text')
  })
})
