import type { Transaction } from '#platform/postgres/database.ts'
import type { DomainConsumer, DomainEvent, ResourceProjection } from './contract.ts'
import type { Place } from './fence.ts'
import type { EventOrder, ResourceState } from './projection.ts'
import { resourceKey } from './projection.ts'

/** The statements of one projection table, made once at start. */
export interface ProjectionTable {
  readonly projection: ResourceProjection
  /** The newest event that each row has seen, for the rows that exist. */
  current(
    transaction: Transaction,
    states: readonly ResourceState[],
  ): Promise<ReadonlyMap<string, EventOrder>>
  /** Writes states, at most one a resource. */
  write(transaction: Transaction, states: readonly ResourceState[]): Promise<void>
}

const ENVELOPE_COLUMNS = [
  ['tenant_id', 'text'],
  ['live_mode', 'boolean'],
  ['resource_id', 'text'],
  ['api_version', 'text'],
  ['last_event_id', 'text'],
  ['last_event_type', 'text'],
  ['created', 'timestamptz'],
  ['snapshot', 'text'],
] as const

function instant(event: DomainEvent): string {
  return new Date(event.createdMs).toISOString()
}

function currentText(name: string, id: string): string {
  return `
SELECT t.tenant_id, t.live_mode, t.${id} AS resource_id, t.created, t.last_event_id
FROM unnest($1::text[], $2::boolean[], $3::text[]) AS k (tenant_id, live_mode, resource_id)
JOIN ${name} t
  ON t.tenant_id = k.tenant_id AND t.live_mode = k.live_mode AND t.${id} = k.resource_id`
}

function writeText(name: string, { resource, columns }: ResourceProjection): string {
  const id = `${resource}_id`
  const own = Object.entries(columns).map(([column, { type }]) => [column, type] as const)
  const all = [...ENVELOPE_COLUMNS, ...own]
  const target = all.map(([column]) => (column === 'resource_id' ? id : column))
  const source = all.map(([column]) =>
    column === 'snapshot' ? 's.snapshot::jsonb' : `s.${column}`,
  )
  const updates = target.slice(3).map((column) => `${column} = excluded.${column}`)
  return `
INSERT INTO ${name} AS t (${target.join(', ')})
SELECT ${source.join(', ')}
FROM unnest(${all.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ')})
  AS s (${all.map(([column]) => column).join(', ')})
ON CONFLICT (tenant_id, live_mode, ${id}) DO UPDATE SET ${updates.join(', ')}, updated_at = now()
WHERE (excluded.created, excluded.last_event_id) > (t.created, t.last_event_id)`
}

function identities(states: readonly ResourceState[]) {
  const distinct = new Map(
    states.map((state) => {
      const { event, resourceId } = state
      return [resourceKey(event.tenantId, event.liveMode, resourceId), state]
    }),
  )
  const rows = [...distinct.values()]
  return [
    rows.map(({ event }) => event.tenantId),
    rows.map(({ event }) => event.liveMode),
    rows.map(({ resourceId }) => resourceId),
  ]
}

function writeValues({ columns }: ResourceProjection, states: readonly ResourceState[]) {
  return [
    states.map(({ event }) => event.tenantId),
    states.map(({ event }) => event.liveMode),
    states.map(({ resourceId }) => resourceId),
    states.map(({ event }) => event.apiVersion),
    states.map(({ event }) => event.id),
    states.map(({ event }) => event.type),
    states.map(({ event }) => instant(event)),
    states.map(({ snapshot }) => snapshot),
    ...Object.keys(columns).map((_, i) => states.map((state) => state.columns[i] ?? null)),
  ]
}

/** Prepares a table of a domain. */
export function projectionTable(domain: string, projection: ResourceProjection): ProjectionTable {
  const name = `${domain}.${projection.table}`
  const current = currentText(name, `${projection.resource}_id`)
  const write = writeText(name, projection)
  return {
    projection,
    current: async (transaction, states) => {
      const values = identities(states)
      const rows = await transaction.query({ name: `${name}_current`, text: current, values })
      return new Map(
        rows.map((row) => [
          resourceKey(row.tenant_id as string, row.live_mode as boolean, row.resource_id as string),
          { createdMs: (row.created as Date).getTime(), eventId: row.last_event_id as string },
        ]),
      )
    },
    write: async (transaction, states) => {
      const values = writeValues(projection, states)
      await transaction.query({ name: `${name}_write`, text: write, values })
    },
  }
}

/** One event as the history keeps it. */
interface HistoryEntry {
  readonly event: DomainEvent
  readonly offset: bigint
  /** The first of the event's resources; null when it has none that we know. */
  readonly state: ResourceState | null
  readonly data: string
  readonly previousAttributes: string | null
}

/** Appends events to the domain's history. */
export type HistoryAppend = (
  transaction: Transaction,
  place: Place,
  entries: readonly HistoryEntry[],
) => Promise<void>

/** Prepares the history table of a domain. */
export function historyTable({ domain }: DomainConsumer): HistoryAppend {
  const text = `
INSERT INTO ${domain}.history
  (topic, partition, record_offset, tenant_id, live_mode, event_id, event_type, api_version, created,
   resource, resource_id, data, previous_attributes)
SELECT $1, $2, h.record_offset, h.tenant_id, h.live_mode, h.event_id, h.event_type, h.api_version, h.created,
  h.resource, h.resource_id, h.data::jsonb, h.previous_attributes::jsonb
FROM unnest($3::bigint[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
    $10::text[], $11::text[], $12::text[], $13::text[])
  AS h (record_offset, tenant_id, live_mode, event_id, event_type, api_version, created,
    resource, resource_id, data, previous_attributes)
ON CONFLICT DO NOTHING`
  return async (transaction, { topic, partition }, entries) => {
    await transaction.query({
      name: `${domain}_history`,
      text,
      values: [
        topic,
        partition,
        entries.map(({ offset }) => offset),
        entries.map(({ event }) => event.tenantId),
        entries.map(({ event }) => event.liveMode),
        entries.map(({ event }) => event.id),
        entries.map(({ event }) => event.type),
        entries.map(({ event }) => event.apiVersion),
        entries.map(({ event }) => instant(event)),
        entries.map(({ state }) => state?.projection.resource ?? null),
        entries.map(({ state }) => state?.resourceId ?? null),
        entries.map(({ data }) => data),
        entries.map(({ previousAttributes }) => previousAttributes),
      ],
    })
  }
}
