import { columnsOf } from '#consumers/runtime/columns.ts'
import type { EventHandling, StateMachine } from '#consumers/runtime/contract.ts'
import { defineDomain } from '#consumers/runtime/contract.ts'
import type { AnyVersionOf, KnownEventType } from '#sdk/events/known-event.ts'
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

const pass = columnsOf<AnyVersionOf<'pass', 'pass'>>()
const template = columnsOf<AnyVersionOf<'pass', 'pass_template'>>()
const scan = columnsOf<AnyVersionOf<'pass', 'scan'>>()

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
  } satisfies Readonly<Record<KnownEventType<'pass'>, EventHandling>>,
  resources: [
    {
      resource: 'pass',
      table: 'passes',
      columns: {
        status: pass.text('status'),
        template_id: pass.text('template_id'),
        platform: pass.text('platform'),
        revoke_reason: pass.text('revoke_reason'),
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
        status: template.text('status'),
        name: template.text('name'),
        kind: template.text('kind'),
        location_count: template.count('relevant_locations'),
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
        pass_id: scan.text('pass_id'),
        scanner_id: scan.text('scanner_id'),
        result: scan.text('result'),
        latitude: scan.number('latitude'),
        longitude: scan.number('longitude'),
      },
    },
  ],
})
