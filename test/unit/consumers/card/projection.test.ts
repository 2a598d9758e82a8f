import { describe, expect, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { cents, goldenProjections, rowOf } from '../golden.ts'

type Fields = Readonly<Record<string, unknown>>

/** For each resource, its table and the row that a sample of it must give. */
const EXPECTED: Readonly<Record<string, readonly [string, (sent: Fields) => Fields]>> = {
  card: [
    'cards',
    (sent) => ({
      card_id: sent.id,
      status: sent.status,
      card_type: sent.type,
      cardholder_id: sent.cardholder_id,
      program_id: sent.program_id,
      tracking_number: (sent.shipping as Fields | null)?.tracking_number ?? null,
      suspend_reason: sent.suspend_reason,
      terminate_reason: sent.terminate_reason,
    }),
  ],
  transaction: [
    'transactions',
    (sent) => ({
      transaction_id: sent.id,
      status: sent.status,
      card_id: sent.card_id,
      amount_cents: cents(sent.amount_cents),
      currency: sent.currency,
      merchant_name: (sent.merchant as Fields).name,
      merchant_category: (sent.merchant as Fields).category_code,
      decline_reason: sent.decline_reason,
    }),
  ],
  dispute: [
    'disputes',
    (sent) => ({
      dispute_id: sent.id,
      status: sent.status,
      transaction_id: sent.transaction_id,
      amount_cents: cents(sent.amount_cents),
      currency: sent.currency,
      reason: sent.reason,
    }),
  ],
}

const projections = goldenProjections(cardConsumer)

describe('golden samples of the card domain', () => {
  it('are there for every resource that the domain projects', () => {
    const seen = new Set(projections.flatMap(({ data }) => Object.keys(data)))
    expect([...seen].sort()).toEqual(Object.keys(EXPECTED).sort())
  })

  it.each(projections.map((golden) => [golden.version, golden.type, golden] as const))(
    'version %s, %s: gives its resource\u2019s row and a snapshot as sent',
    (_version, _type, { data, states }) => {
      const [[resource = '', sent = {}] = []] = Object.entries(data)
      const [table, row] = EXPECTED[resource] ?? ['', () => ({})]
      expect(states).toHaveLength(1)
      expect(states.map(({ projection }) => projection.table)).toEqual([table])
      expect(states.map(rowOf)).toEqual([row(sent)])
      expect(states.map(({ snapshot }) => JSON.parse(snapshot))).toEqual([sent])
    },
  )
})
