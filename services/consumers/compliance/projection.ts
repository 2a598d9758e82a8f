import { columnsOf } from '#consumers/runtime/columns.ts'
import type { EventHandling, StateMachine } from '#consumers/runtime/contract.ts'
import { defineDomain } from '#consumers/runtime/contract.ts'
import type { AnyVersionOf, KnownEventType } from '#sdk/events/known-event.ts'
import { complianceCasters } from './casters.ts'

/**
 * The identity check of a cardholder has an outcome, and monitoring may raise an alert at any time
 * after it. The contract names no event that ends an alert, so a check done again is taken for one;
 * nothing is impossible here. What the outcome was is in `kyc_status`.
 */
const CARDHOLDER_STATES: StateMachine = {
  kyc_completed: ['sanctions_alert'],
  sanctions_alert: ['kyc_completed'],
}

const cardholder = columnsOf<AnyVersionOf<'compliance', 'cardholder'>>()

/** Cardholders and their alerts. Names and addresses stay in the snapshot: they are personal data. */
export const complianceConsumer = defineDomain({
  domain: 'compliance',
  migrations: new URL('./migrations/', import.meta.url),
  casters: complianceCasters,
  events: {
    'cardholder.kyc.completed': { resource: 'cardholder', state: 'kyc_completed' },
    'cardholder.sanctions.alert': { resource: 'cardholder', state: 'sanctions_alert' },
  } satisfies Readonly<Record<KnownEventType<'compliance'>, EventHandling>>,
  resources: [
    {
      resource: 'cardholder',
      table: 'cardholders',
      columns: {
        status: cardholder.text('status'),
        kyc_status: cardholder.text('kyc_status'),
        sanctions_status: cardholder.text('sanctions_status'),
      },
      states: CARDHOLDER_STATES,
      milestones: {
        kyc_completed_at: 'cardholder.kyc.completed',
        first_alert_at: 'cardholder.sanctions.alert',
      },
    },
    {
      // An alert is no resource of the sender's: it is what the cardholder was when it was raised.
      resource: 'sanctions_alert',
      key: 'cardholder',
      only: 'cardholder.sanctions.alert',
      table: 'sanctions_alerts',
      idOfEvent: 'always',
      columns: {
        cardholder_id: cardholder.text('id'),
        sanctions_status: cardholder.text('sanctions_status'),
      },
    },
  ],
})
