import { columnsOf } from '#consumers/runtime/columns.ts'
import type { EventHandling, StateMachine } from '#consumers/runtime/contract.ts'
import { defineDomain } from '#consumers/runtime/contract.ts'
import type { AnyVersionOf, KnownEventType } from '#sdk/events/known-event.ts'
import type { CategorizedTransaction } from './casters.ts'
import { cardCasters } from './casters.ts'

/**
 * A card is created, works once it is activated, may be suspended and resumed any number of times,
 * and is terminated for good. The contract (section 5) names the states and draws no lines: only
 * what would bring back a terminated card, or make one anew, is impossible. To be shipped changes
 * nothing about what the card can do, so it is a milestone and no state.
 */
const CARD_STATES: StateMachine = {
  created: ['active', 'suspended', 'terminated'],
  active: ['suspended', 'terminated'],
  suspended: ['active', 'terminated'],
  terminated: [],
}

/**
 * A transaction is authorized, then captured or declined. Whether `authorized` is sent before or
 * after the decision is contradictory in the contract (contradiction 3), so declined and authorized
 * may come in either order; a capture ends it.
 */
const TRANSACTION_STATES: StateMachine = {
  authorized: ['captured', 'declined'],
  declined: ['authorized'],
  captured: [],
}

const card = columnsOf<AnyVersionOf<'card', 'card'>>()
const transaction = columnsOf<CategorizedTransaction>()
const dispute = columnsOf<AnyVersionOf<'card', 'dispute'>>()

/** Cards, their transactions and disputes. */
export const cardConsumer = defineDomain({
  domain: 'card',
  migrations: new URL('./migrations/', import.meta.url),
  casters: cardCasters,
  events: {
    'card.created': { resource: 'card', state: 'created' },
    'card.shipped': { resource: 'card' },
    'card.activated': { resource: 'card', state: 'active' },
    'card.suspended': { resource: 'card', state: 'suspended' },
    'card.resumed': { resource: 'card', state: 'active' },
    'card.terminated': { resource: 'card', state: 'terminated' },
    'card.transaction.authorized': { resource: 'transaction', state: 'authorized' },
    'card.transaction.declined': { resource: 'transaction', state: 'declined' },
    'card.transaction.captured': { resource: 'transaction', state: 'captured' },
    'dispute.updated': { resource: 'dispute' },
  } satisfies Readonly<Record<KnownEventType<'card'>, EventHandling>>,
  resources: [
    {
      resource: 'card',
      table: 'cards',
      columns: {
        status: card.text('status'),
        card_type: card.text('type'),
        cardholder_id: card.text('cardholder_id'),
        program_id: card.text('program_id'),
        tracking_number: card.text('shipping', 'tracking_number'),
        suspend_reason: card.text('suspend_reason'),
        terminate_reason: card.text('terminate_reason'),
        allowed_categories: card.words('spending_controls', 'allowed_categories'),
        blocked_categories: card.words('spending_controls', 'blocked_categories'),
      },
      states: CARD_STATES,
      milestones: {
        issued_at: 'card.created',
        shipped_at: 'card.shipped',
        activated_at: 'card.activated',
        suspended_at: 'card.suspended',
        terminated_at: 'card.terminated',
      },
    },
    {
      resource: 'transaction',
      table: 'transactions',
      columns: {
        status: transaction.text('status'),
        card_id: transaction.text('card_id'),
        amount_cents: transaction.amount('amount_cents'),
        currency: transaction.text('currency'),
        merchant_name: transaction.text('merchant', 'name'),
        merchant_category_label: transaction.text('merchant', 'category_label'),
        merchant_mcc: transaction.text('merchant', 'mcc'),
        decline_reason: transaction.text('decline_reason'),
      },
      states: TRANSACTION_STATES,
      milestones: {
        authorized_at: 'card.transaction.authorized',
        declined_at: 'card.transaction.declined',
        captured_at: 'card.transaction.captured',
      },
    },
    {
      resource: 'dispute',
      table: 'disputes',
      columns: {
        status: dispute.text('status'),
        transaction_id: dispute.text('transaction_id'),
        amount_cents: dispute.amount('amount_cents'),
        currency: dispute.text('currency'),
        reason: dispute.text('reason'),
      },
      milestones: { first_updated_at: 'dispute.updated' },
    },
  ],
})
