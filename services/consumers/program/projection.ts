import { defineDomain, text } from '#consumers/runtime/contract.ts'

/** Card programs. */
export const programConsumer = defineDomain({
  domain: 'program',
  migrations: new URL('./migrations/', import.meta.url),
  resources: [
    {
      resource: 'program',
      table: 'programs',
      columns: {
        status: text('status'),
        name: text('name'),
        suspend_reason: text('suspend_reason'),
      },
    },
  ],
})
