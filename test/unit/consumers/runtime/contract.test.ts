import { describe, expect, it } from 'vitest'
import { columnsOf } from '#consumers/runtime/columns.ts'
import type { DomainConsumer } from '#consumers/runtime/contract.ts'
import { defineDomain, handlingOf } from '#consumers/runtime/contract.ts'

const { text } = columnsOf<{ status: string; n: string }>()

const sound: DomainConsumer = {
  domain: 'card',
  migrations: new URL('file:///nowhere/'),
  casters: {},
  events: { 'card.created': { resource: 'card', state: 'created' } },
  resources: [
    {
      resource: 'card',
      table: 'cards',
      columns: { status: text('status') },
      states: { created: [] },
      milestones: { issued_at: 'card.created' },
      children: { table: 'parts', columns: { n: text('n') }, of: () => [] },
    },
  ],
}

const [card = { resource: '', table: '', columns: {} }] = sound.resources

describe('the definition of a domain', () => {
  it('that holds is taken as it is', () => {
    expect(defineDomain(sound)).toBe(sound)
  })

  const children = { table: 'parts', columns: { 'n"': text('n') }, of: () => [] }
  it.each([
    ['cards; drop', { ...card, table: 'cards; drop' }],
    ['Status', { ...card, columns: { Status: text('status') } }],
    ['issued at', { ...card, milestones: { 'issued at': 'card.created' } }],
    ['n"', { ...card, children }],
  ])('is refused when "%s" would have to stand in SQL', (name, resource) => {
    expect(() => defineDomain({ ...sound, resources: [resource] })).toThrow(
      `"${name}" cannot name a table or a column`,
    )
  })

  it.each<[string, Partial<DomainConsumer>]>([
    ['cart', { events: { 'card.created': { resource: 'cart' } } }],
    ['gone', { events: { ...sound.events, 'card.x': { resource: 'card', state: 'gone' } } }],
    ['card.born', { resources: [{ ...card, milestones: { issued_at: 'card.born' } }] }],
    ['card.only', { resources: [{ ...card, only: 'card.only' }] }],
    ['ended', { resources: [{ ...card, states: { created: ['ended'] } }] }],
  ])('is refused when "%s" is nowhere defined', (name, change) => {
    expect(() => defineDomain({ ...sound, ...change })).toThrow(`"${name}" is nowhere defined`)
  })
})

describe('the meaning of an event type', () => {
  it('is known for the listed ones only, whatever an object inherits', () => {
    expect(handlingOf(sound, 'card.created')).toEqual({ resource: 'card', state: 'created' })
    expect(handlingOf(sound, 'card.gift')).toBeNull()
    expect(handlingOf(sound, 'constructor')).toBeNull()
  })
})
