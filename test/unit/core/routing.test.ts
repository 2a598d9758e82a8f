import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  consumerGroup,
  controlTopic,
  DOMAINS,
  domainOf,
  EVENT_PARTITIONS,
  eventTopic,
  HANDLED_DOMAINS,
  MODES,
  modeOf,
  quarantineTopic,
  recordName,
} from '#core/routing.ts'

describe('the domain of an event type', () => {
  it.each([
    ['pass.created', 'pass'],
    ['pass_template.updated', 'pass'],
    ['card.created', 'card'],
    ['card.transaction.authorized', 'card'],
    ['dispute.updated', 'card'],
    ['settlement.completed', 'settlement'],
    ['payout.completed', 'settlement'],
    ['cardholder.kyc.completed', 'compliance'],
    ['cardholder.sanctions.alert', 'compliance'],
    ['program.activated', 'program'],
  ])('of %s is %s', (type, domain) => {
    expect(domainOf(type)).toBe(domain)
  })

  it('stays that of the family for a type that did not exist yesterday', () => {
    expect(domainOf('card.frozen.by.regulator')).toBe('card')
    expect(domainOf('pass')).toBe('pass')
  })

  it.each(['refund.created', 'cards.created', 'Card.created', 'passport.created', '', '.card'])(
    'is other for the unknown family of %j',
    (type) => {
      expect(domainOf(type)).toBe('other')
    },
  )

  it.each(['constructor', '__proto__.x', 'toString', 'hasOwnProperty.y'])(
    'is other for %s, which every object inherits',
    (type) => {
      expect(domainOf(type)).toBe('other')
    },
  )

  it('is one of the known ones for any text', () => {
    fc.assert(
      fc.property(fc.string(), (type) => {
        expect(DOMAINS).toContain(domainOf(type))
      }),
    )
  })
})

describe('names in Kafka', () => {
  it('follow the law of names', () => {
    expect(eventTopic('qairopay', 'live', 'card')).toBe('qairopay.live.card')
    expect(quarantineTopic('qairopay', 'sandbox')).toBe('qairopay.sandbox.quarantine')
    expect(controlTopic('qairopay')).toBe('qairopay.control')
    expect(consumerGroup('qairopay', 'live', 'card', 'projector')).toBe(
      'qairopay.live.card.projector',
    )
    expect(recordName('2026-05-19', 'card')).toBe('com.qairopay.events.v2026_05_19.CardEvent')
    expect(EVENT_PARTITIONS).toBe(12)
  })

  it('never meet: every mode and domain has a topic of its own', () => {
    const topics = MODES.flatMap((mode) => [
      quarantineTopic('p', mode),
      ...DOMAINS.map((domain) => eventTopic('p', mode, domain)),
    ])
    expect(new Set([...topics, controlTopic('p')]).size).toBe(topics.length + 1)
  })

  it('keep sandbox and live apart', () => {
    expect([modeOf(true), modeOf(false)]).toEqual(['live', 'sandbox'])
  })

  it('have a consumer for every domain but other', () => {
    expect([...HANDLED_DOMAINS, 'other']).toEqual([...DOMAINS])
  })
})
