import { columnsOf } from '#consumers/runtime/columns.ts'
import type { EventHandling, Fields, StateMachine } from '#consumers/runtime/contract.ts'
import { defineDomain } from '#consumers/runtime/contract.ts'
import type { SettlementLine } from '#sdk/events/2026-05-19/settlement.ts'
import type { AnyVersionOf, KnownEventType } from '#sdk/events/known-event.ts'
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

const settlement = columnsOf<AnyVersionOf<'settlement', 'settlement'>>()
const settlementLine = columnsOf<SettlementLine>()
const payout = columnsOf<AnyVersionOf<'settlement', 'payout'>>()

/** Settlements with their lines, and payouts. */
export const settlementConsumer = defineDomain({
  domain: 'settlement',
  migrations: new URL('./migrations/', import.meta.url),
  casters: settlementCasters,
  events: {
    'settlement.completed': { resource: 'settlement', state: 'completed' },
    'settlement.failed': { resource: 'settlement', state: 'failed' },
    'payout.completed': { resource: 'payout', state: 'completed' },
  } satisfies Readonly<Record<KnownEventType<'settlement'>, EventHandling>>,
  resources: [
    {
      resource: 'settlement',
      table: 'settlements',
      columns: {
        status: settlement.text('status'),
        amount_cents: settlement.amount('amount_cents'),
        currency: settlement.text('currency'),
        failure_reason: settlement.text('failure_reason'),
        line_count: settlement.count('lines'),
      },
      states: SETTLEMENT_STATES,
      milestones: { completed_at: 'settlement.completed', failed_at: 'settlement.failed' },
      children: {
        table: 'settlement_lines',
        columns: {
          type: settlementLine.text('type'),
          transaction_id: settlementLine.text('transaction_id'),
          amount_cents: settlementLine.amount('amount_cents'),
        },
        of: linesOf,
      },
    },
    {
      resource: 'payout',
      table: 'payouts',
      columns: {
        status: payout.text('status'),
        amount_cents: payout.amount('amount_cents'),
        currency: payout.text('currency'),
        aptos_address: payout.text('aptos_address'),
      },
      states: PAYOUT_STATES,
      milestones: { completed_at: 'payout.completed' },
    },
  ],
})
