import type { StateMachine } from '#consumers/runtime/contract.ts'
import { count, defineDomain, number, text } from '#consumers/runtime/contract.ts'
import { passCasters } from './casters.ts'

/**
 * The life of a pass (contract, section 5): issued, then installed, then revoked by its tenant or
 * removed by its holder. Where the diagram is silent we are generous: a holder removes what is
 * installed or revoked, a tenant revokes what is removed, and whoever let the link expire may
 * install later. Impossible is to be issued twice, and to install what is revoked. A scan passes
 * through and leaves the pass as it is.
 */
const PASS_STATES: StateMachine = {
  issued: ['installed', 'revoked', 'removed'],
  installed: ['revoked', 'removed'],
  removed: ['installed', 'revoked'],
  revoked: ['removed'],
}

/** A template issues passes until it is archived; the sender prints no way back. */
const TEMPLATE_STATES: StateMachine = { active: ['archived'], archived: [] }

/** Passes, their templates and scans. */
export const passConsumer = defineDomain({
  domain: 'pass',
  migrations: new URL('./migrations/', import.meta.url),
  casters: passCasters,
  events: {
    'pass.created': { resource: 'pass', state: 'issued' },
    'pass.installed': { resource: 'pass', state: 'installed' },
    'pass.updated': { resource: 'pass' },
    'pass.scanned': { resource: 'scan' },
    'pass.revoked': { resource: 'pass', state: 'revoked' },
    'pass.removed': { resource: 'pass', state: 'removed' },
    'pass_template.created': { resource: 'pass_template', state: 'active' },
    'pass_template.updated': { resource: 'pass_template' },
    'pass_template.archived': { resource: 'pass_template', state: 'archived' },
  },
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
      states: PASS_STATES,
      milestones: {
        issued_at: 'pass.created',
        installed_at: 'pass.installed',
        revoked_at: 'pass.revoked',
        removed_at: 'pass.removed',
      },
    },
    {
      resource: 'pass_template',
      table: 'pass_templates',
      columns: {
        status: text('status'),
        name: text('name'),
        kind: text('kind'),
        location_count: count('relevant_locations'),
      },
      states: TEMPLATE_STATES,
      milestones: {
        issuing_since: 'pass_template.created',
        archived_at: 'pass_template.archived',
      },
    },
    {
      // The sender prints no id for a scan; each happens once, so the event's id serves.
      resource: 'scan',
      table: 'scans',
      idOfEvent: 'for_want',
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
