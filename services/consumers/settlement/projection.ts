import type { Fields, StateMachine } from '#consumers/runtime/contract.ts'
import { amount, count, defineDomain, text } from '#consumers/runtime/contract.ts'
import { settlementCasters } from './casters.ts'

/**
 * A failed settlement goes to manual review (contract, section 4), from where it may still be
 * completed. What has reached the treasury's wallet cannot fail afterwards.
 */
const SETTLEMENT_STATES: StateMachine = { failed: ['completed'], completed: [] }

/** A payout is heard of once, when it has arrived. */
const PAYOUT_STATES: StateMachine = { completed: [] }

function linesOf({ lines }: Fields): readonly Fields[] {
  if (!Array.isArray(lines)) return []
  return lines.map(
    (line: unknown) => (typeof line === 'object' && line !== null ? line : {}) as Fields,
  )
}

/** Settlements with their lines, and payouts. */
export const settlementConsumer = defineDomain({
  domain: 'settlement',
  migrations: new URL('./migrations/', import.meta.url),
  casters: settlementCasters,
  events: {
    'settlement.completed': { resource: 'settlement', state: 'completed' },
    'settlement.failed': { resource: 'settlement', state: 'failed' },
    'payout.completed': { resource: 'payout', state: 'completed' },
  },
  resources: [
    {
      resource: 'settlement',
      table: 'settlements',
      columns: {
        status: text('status'),
        amount_cents: amount('amount_cents'),
        currency: text('currency'),
        failure_reason: text('failure_reason'),
        line_count: count('lines'),
      },
      states: SETTLEMENT_STATES,
      milestones: { completed_at: 'settlement.completed', failed_at: 'settlement.failed' },
      children: {
        table: 'settlement_lines',
        columns: {
          type: text('type'),
          transaction_id: text('transaction_id'),
          amount_cents: amount('amount_cents'),
        },
        of: linesOf,
      },
    },
    {
      resource: 'payout',
      table: 'payouts',
      columns: {
        status: text('status'),
        amount_cents: amount('amount_cents'),
        currency: text('currency'),
        aptos_address: text('aptos_address'),
      },
      states: PAYOUT_STATES,
      milestones: { completed_at: 'payout.completed' },
    },
  ],
})
