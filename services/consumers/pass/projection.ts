import { defineDomain, number, text } from '#consumers/runtime/contract.ts'

/** Passes, their templates and scans. */
export const passConsumer = defineDomain({
  domain: 'pass',
  migrations: new URL('./migrations/', import.meta.url),
  resources: [
    {
      resource: 'pass',
      table: 'passes',
      columns: {
        status: text('status'),
        template_id: text('template_id'),
        platform: text('platform'),
        revoke_reason: text('revoke_reason'),
      },
    },
    {
      resource: 'pass_template',
      table: 'pass_templates',
      columns: { status: text('status'), name: text('name'), kind: text('kind') },
    },
    {
      // The sender prints no id for a scan; each happens once, so the event's id serves.
      resource: 'scan',
      table: 'scans',
      idOfEvent: true,
      columns: {
        pass_id: text('pass_id'),
        scanner_id: text('scanner_id'),
        result: text('result'),
        latitude: number('latitude'),
        longitude: number('longitude'),
      },
    },
  ],
})
