import type { StateMachine } from '#consumers/runtime/contract.ts'
import { defineDomain, text } from '#consumers/runtime/contract.ts'
import { programCasters } from './casters.ts'

/** A program is activated once its company is checked; it may be suspended and activated again. */
const PROGRAM_STATES: StateMachine = { active: ['suspended'], suspended: ['active'] }

/** Card programs. */
export const programConsumer = defineDomain({
  domain: 'program',
  migrations: new URL('./migrations/', import.meta.url),
  casters: programCasters,
  events: {
    'program.activated': { resource: 'program', state: 'active' },
    'program.suspended': { resource: 'program', state: 'suspended' },
  },
  resources: [
    {
      resource: 'program',
      table: 'programs',
      columns: {
        status: text('status'),
        name: text('name'),
        suspend_reason: text('suspend_reason'),
      },
      states: PROGRAM_STATES,
      milestones: { activated_at: 'program.activated', suspended_at: 'program.suspended' },
    },
  ],
})
