import { describe, expect, it } from 'vitest'
import { settlementConsumer } from '#consumers/settlement/projection.ts'
import { cents, goldenProjections, rowOf } from '../golden.ts'

type Fields = Readonly<Record<string, unknown>>

/** For each resource, its table and the row that a sample of it must give. */
const EXPECTED: Readonly<Record<string, readonly [string, (sent: Fields) => Fields]>> = {
  settlement: [
    'settlements',
    (sent) => ({
      settlement_id: sent.id,
      status: sent.status,
      amount_cents: cents(sent.amount_cents),
      currency: sent.currency,
      failure_reason: sent.failure_reason,
      line_count: BigInt((sent.lines as readonly unknown[]).length),
    }),
  ],
  payout: [
    'payouts',
    (sent) => ({
      payout_id: sent.id,
      status: sent.status,
      amount_cents: cents(sent.amount_cents),
      currency: sent.currency,
      aptos_address: sent.aptos_address,
    }),
  ],
}

const projections = goldenProjections(settlementConsumer)

describe('golden samples of the settlement domain', () => {
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
