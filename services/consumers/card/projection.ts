import { amount, defineDomain, text } from '#consumers/runtime/contract.ts'

/** Cards, their transactions and disputes. */
export const cardConsumer = defineDomain({
  domain: 'card',
  migrations: new URL('./migrations/', import.meta.url),
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
        // A four-digit MCC since 2026-02-01, a label of QairoPay's before (contract, section 5).
        merchant_category: text('merchant', 'category_code'),
        decline_reason: text('decline_reason'),
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
        // `customer_complaint` since 2026-05-19, `customer_dispute` before; kept as sent.
        reason: text('reason'),
      },
    },
  ],
})
