import { defineDomain, text } from '#consumers/runtime/contract.ts'

/** Cardholders. Names and addresses stay in the snapshot: they are personal data. */
export const complianceConsumer = defineDomain({
  domain: 'compliance',
  migrations: new URL('./migrations/', import.meta.url),
  resources: [
    {
      resource: 'cardholder',
      table: 'cardholders',
      columns: {
        status: text('status'),
        kyc_status: text('kyc_status'),
        sanctions_status: text('sanctions_status'),
      },
    },
  ],
})
