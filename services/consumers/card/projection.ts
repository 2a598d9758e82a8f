import type { StateMachine } from '#consumers/runtime/contract.ts'
import { amount, defineDomain, text, words } from '#consumers/runtime/contract.ts'
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
  },
  resources: [
    {
      resource: 'card',
      table: 'cards',
      columns: {
        status: text('status'),
        card_type: text('type'),
        cardholder_id: text('cardholder_id'),
        program_id: text('program_id'),
        tracking_number: text('shipping', 'tracking_number'),
        suspend_reason: text('suspend_reason'),
        terminate_reason: text('terminate_reason'),
        allowed_categories: words('spending_controls', 'allowed_categories'),
        blocked_categories: words('spending_controls', 'blocked_categories'),
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
        status: text('status'),
        card_id: text('card_id'),
        amount_cents: amount('amount_cents'),
        currency: text('currency'),
        merchant_name: text('merchant', 'name'),
        merchant_category_label: text('merchant', 'category_label'),
        merchant_mcc: text('merchant', 'mcc'),
        decline_reason: text('decline_reason'),
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
        status: text('status'),
        transaction_id: text('transaction_id'),
        amount_cents: amount('amount_cents'),
        currency: text('currency'),
        reason: text('reason'),
      },
      milestones: { first_updated_at: 'dispute.updated' },
    },
  ],
})
