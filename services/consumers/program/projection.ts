import { columnsOf } from '#consumers/runtime/columns.ts'
import type { EventHandling, StateMachine } from '#consumers/runtime/contract.ts'
import { defineDomain } from '#consumers/runtime/contract.ts'
import type { AnyVersionOf, KnownEventType } from '#sdk/events/known-event.ts'
import { programCasters } from './casters.ts'

/** A program is activated once its company is checked; it may be suspended and activated again. */
const PROGRAM_STATES: StateMachine = { active: ['suspended'], suspended: ['active'] }

const program = columnsOf<AnyVersionOf<'program', 'program'>>()

/** Card programs. */
export const programConsumer = defineDomain({
  domain: 'program',
  migrations: new URL('./migrations/', import.meta.url),
  casters: programCasters,
  events: {
    'program.activated': { resource: 'program', state: 'active' },
    'program.suspended': { resource: 'program', state: 'suspended' },
  } satisfies Readonly<Record<KnownEventType<'program'>, EventHandling>>,
  resources: [
    {
      resource: 'program',
      table: 'programs',
      columns: {
        status: program.text('status'),
        name: program.text('name'),
        suspend_reason: program.text('suspend_reason'),
      },
      states: PROGRAM_STATES,
      milestones: { activated_at: 'program.activated', suspended_at: 'program.suspended' },
    },
  ],
})
