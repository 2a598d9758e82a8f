import { amount, count, defineDomain, text } from '#consumers/runtime/contract.ts'

/** Settlements and payouts. */
export const settlementConsumer = defineDomain({
  domain: 'settlement',
  migrations: new URL('./migrations/', import.meta.url),
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
    },
  ],
})
