import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { domainOf } from '#core/routing.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import type { KnownEvent } from '#sdk/events/known-event.ts'
import { castEvent, castResource } from '#sdk/versions/casters.ts'
import { schemaText, toEncode } from '../../platform/avro/sample-events.ts'
import type { Direction } from './casts.ts'
import { castsFile, directions, eventsOf, goldenCasts, versions } from './casts.ts'

const [oldest, middle, newest] = versions as ['2025-11-01', '2026-02-01', '2026-05-19']

describe('the casters', () => {
  it.each(directions)('$from to $to give the golden file', (direction) => {
    expect(goldenCasts(direction)).toEqual(JSON.parse(readFileSync(castsFile(direction), 'utf8')))
  })

  it.each(directions)(
    '$from to $to give what the schema of $to holds, and no more',
    ({ from, to }) => {
      for (const event of eventsOf(from)) {
        const { value } = castEvent(event as KnownEvent, to)
        const domain = domainOf(event.type)
        const encoder = compileEventEncoder({ schemaText: schemaText(to, domain), schemaId: 1 })
        const sent = toEncode(event.raw as Buffer)
        const envelope = { ...sent.envelope, data: value.resources as never }
        const previousAttributesText = value.previousAttributes
        const encoded = encoder.encode({ ...sent, envelope, previousAttributesText })
        expect(encoded).toMatchObject({ ok: true, unknownFields: 0, ignoredFields: 0 })
      }
    },
  )

  it.each(directions)(
    '$from to $to and back are the same where nothing is lost',
    ({ from, to }) => {
      const casts = eventsOf(from).map((event) => ({
        event,
        cast: castEvent(event as KnownEvent, to),
      }))
      const whole = casts.filter(({ cast }) => cast.lost.length === 0)
      expect(whole.length).toBeGreaterThan(0)
      for (const { event, cast } of whole) expect(castEvent(cast.value, from).value).toEqual(event)
    },
  )

  it.each([
    [oldest, middle, newest],
    [newest, middle, oldest],
  ] as const)('%s over %s to %s is the same as at once', (from, over, to) => {
    for (const event of eventsOf(from)) {
      const first = castEvent(event as KnownEvent, over)
      const second = castEvent(first.value, to)
      const once = castEvent(event as KnownEvent, to)
      expect(second.value).toEqual(once.value)
      expect(once.lost).toEqual([...first.lost, ...second.lost])
    }
  })

  it('leave an event of the same version as it is', () => {
    for (const event of eventsOf(middle)) {
      expect(castEvent(event as KnownEvent, middle)).toEqual({ value: event, lost: [] })
    }
  })
})

function cast(name: string, resource: object, { from, to }: Direction) {
  return castResource(name, resource as Readonly<Record<string, unknown>>, from, to)
}

const UP = { from: middle, to: newest }
const DOWN = { from: newest, to: middle }

describe('what another version cannot say', () => {
  it('is named: a label is no code, a code is no label', () => {
    const transaction = { id: 'txn_1', merchant: { name: 'Shop', category_code: '5812' } }
    for (const direction of [
      { from: oldest, to: middle },
      { from: middle, to: oldest },
    ]) {
      expect(cast('transaction', transaction, direction)).toEqual({
        value: { id: 'txn_1', merchant: { name: 'Shop', category_code: null } },
        lost: ['transaction.merchant.category_code'],
      })
    }
  })

  it('is named: where a card is allowed does not say where it is refused', () => {
    const card = { spending_controls: { allowed_categories: ['5812'] } }
    expect(cast('card', card, UP)).toEqual({
      value: { spending_controls: { blocked_categories: null } },
      lost: ['card.spending_controls.allowed_categories'],
    })
  })

  it('is named: locations and previous attributes, which came later', () => {
    const template = { id: 'tpl_1', relevant_locations: [] }
    expect(cast('pass_template', template, DOWN)).toEqual({
      value: { id: 'tpl_1' },
      lost: ['pass_template.relevant_locations'],
    })
    const updated = eventsOf(newest).find(({ previousAttributes }) => previousAttributes !== null)
    const { value, lost } = castEvent(updated as KnownEvent, middle)
    expect([value.previousAttributes, lost[0]]).toEqual([null, 'previous_attributes'])
  })

  it('is named: a word that the version itself does not have', () => {
    const lines = [{ type: 'card_transaction' }]
    expect(cast('settlement', { lines }, UP).lost).toEqual(['settlement.lines[].type'])
    expect(cast('dispute', { reason: 'customer_complaint' }, UP).lost).toEqual(['dispute.reason'])
  })
})

describe('words', () => {
  it.each([
    ['cardTransaction', 'card_transaction'],
    ['fxConversionFee', 'fx_conversion_fee'],
    ['fee', 'fee'],
  ])('of settlement lines: %s is %s', (before, after) => {
    const of = (type: string) => ({ value: { lines: [{ type }] }, lost: [] })
    expect(cast('settlement', of(before).value, UP)).toEqual(of(after))
    expect(cast('settlement', of(after).value, DOWN)).toEqual(of(before))
  })

  it('of disputes: customer_dispute is customer_complaint, others stay', () => {
    const of = (reason: string | null) => ({ value: { reason }, lost: [] })
    expect(cast('dispute', of('customer_dispute').value, UP)).toEqual(of('customer_complaint'))
    expect(cast('dispute', of('customer_complaint').value, DOWN)).toEqual(of('customer_dispute'))
    expect(cast('dispute', of('fraud').value, UP)).toEqual(of('fraud'))
    expect(cast('dispute', of(null).value, UP)).toEqual(of(null))
  })

  it('go there and back whatever they are, unless they are named as lost', () => {
    const line = fc.record({ type: fc.option(fc.string()), amount_cents: fc.bigInt() })
    fc.assert(
      fc.property(fc.option(fc.array(line)), fc.boolean(), (lines, isUp) => {
        const [there, back] = isUp ? [UP, DOWN] : [DOWN, UP]
        const { value, lost } = cast('settlement', { id: 'set_1', lines }, there)
        if (lost.length > 0) return
        expect(cast('settlement', value, back).value).toEqual({ id: 'set_1', lines })
      }),
    )
  })
})

describe('a version that nobody knew', () => {
  it('reads like the newest one before it', () => {
    const dispute = { reason: 'customer_dispute' }
    expect(castResource('dispute', dispute, '2026-03-15', newest).value.reason).toBe(
      'customer_complaint',
    )
    expect(castResource('dispute', dispute, '2031-01-01', newest).value).toBe(dispute)
  })

  it('may hold resources that are named like every object', () => {
    expect(castResource('constructor', { a: 1 }, oldest, newest)).toEqual({
      value: { a: 1 },
      lost: [],
    })
  })
})
