import type { Row, Transaction } from '#platform/postgres/database.ts'
import { childTable } from './child-table.ts'
import type { NamedColumn } from './column-arrays.ts'
import { identities, identityColumns, instant, selected, unnested } from './column-arrays.ts'
import type { DomainConsumer, DomainEvent, ResourceProjection } from './contract.ts'
import type { Place } from './fence.ts'
import type { CurrentRow, ResourceState, RowChange } from './projection.ts'
import { resourceKey } from './projection.ts'

/** The statements of one projection table, made once at start. */
export interface ProjectionTable {
  readonly projection: ResourceProjection
  /** What is there of the rows that the states are about. */
  current(
    transaction: Transaction,
    states: readonly ResourceState[],
  ): Promise<ReadonlyMap<string, CurrentRow>>
  /** Writes changes, at most one a resource; each row takes of its change what is newer. */
  write(transaction: Transaction, changes: readonly RowChange[]): Promise<void>
}

/** A column of a table and where its values come from. */
interface Written extends NamedColumn {
  readonly of: (change: RowChange) => string | number | bigint | boolean | null
}

function keyColumns({ resource }: ResourceProjection): readonly Written[] {
  const values: readonly Written['of'][] = [
    ({ newest }) => newest.event.tenantId,
    ({ newest }) => newest.event.liveMode,
    ({ newest }) => newest.resourceId,
  ]
  return identityColumns(resource).flatMap((column, i) => {
    const of = values[i]
    return of === undefined ? [] : [{ ...column, of }]
  })
}

/** What the newest event says. */
function newestColumns({ columns }: ResourceProjection): readonly Written[] {
  return [
    { name: 'api_version', type: 'text', of: ({ newest }) => newest.event.apiVersion },
    { name: 'last_event_id', type: 'text', of: ({ newest }) => newest.event.id },
    { name: 'last_event_type', type: 'text', of: ({ newest }) => newest.event.type },
    { name: 'created', type: 'timestamptz', of: ({ newest }) => instant(newest.event.createdMs) },
    { name: 'snapshot', type: 'jsonb', of: ({ newest }) => newest.snapshot },
    ...Object.entries(columns).map(
      ([name, { type }], i): Written => ({
        name,
        type,
        of: ({ newest }) => newest.columns[i] ?? null,
      }),
    ),
  ]
}

/** What the newest event that puts the resource into a state says; others do not touch it. */
function stateColumns({ states }: ResourceProjection): readonly Written[] {
  if (states === undefined) return []
  return [
    { name: 'state', type: 'text', of: ({ stateful }) => stateful?.state ?? null },
    {
      name: 'state_since',
      type: 'timestamptz',
      of: ({ stateful }) => (stateful === null ? null : instant(stateful.event.createdMs)),
    },
    { name: 'state_event_id', type: 'text', of: ({ stateful }) => stateful?.event.id ?? null },
  ]
}

/** What the first event of a type says. */
function milestoneColumns({ milestones = {} }: ResourceProjection): readonly Written[] {
  return Object.keys(milestones).map((name, i) => ({
    name,
    type: 'timestamptz',
    of: (change) => {
      const ms = change.milestones[i] ?? null
      return ms === null ? null : instant(ms)
    },
  }))
}

function currentText(name: string, { resource, states }: ResourceProjection): string {
  const id = `${resource}_id`
  const state = states === undefined ? 'NULL AS state' : 't.state'
  return `
SELECT t.tenant_id, t.live_mode, t.${id}, t.created, t.last_event_id, ${state}
FROM unnest($1::text[], $2::boolean[], $3::text[]) AS k (tenant_id, live_mode, resource_id)
JOIN ${name} t
  ON t.tenant_id = k.tenant_id AND t.live_mode = k.live_mode AND t.${id} = k.resource_id`
}

// The row's own last event may be handled again, by a caster that was put right since.
const IS_NEWER = '(excluded.created, excluded.last_event_id) >= (t.created, t.last_event_id)'
const STATE_IS_NEWER =
  '(excluded.state_since, excluded.state_event_id) >= (t.state_since, t.state_event_id)'
// Without a state on one of the two sides the comparison is null.
const STATE_MOVES = `(excluded.state IS NOT NULL AND coalesce(${STATE_IS_NEWER}, true))`

interface Layout {
  readonly key: readonly Written[]
  readonly newest: readonly Written[]
  readonly state: readonly Written[]
  readonly milestones: readonly Written[]
  /** All of them, in the order of the statement's parameters. */
  readonly all: readonly Written[]
}

function layoutOf(projection: ResourceProjection): Layout {
  const key = keyColumns(projection)
  const newest = newestColumns(projection)
  const state = stateColumns(projection)
  const milestones = milestoneColumns(projection)
  return { key, newest, state, milestones, all: [...key, ...newest, ...state, ...milestones] }
}

function chosen(columns: readonly NamedColumn[], when: string): readonly string[] {
  return columns.map(
    ({ name }) => `${name} = CASE WHEN ${when} THEN excluded.${name} ELSE t.${name} END`,
  )
}

function first({ name }: NamedColumn): string {
  return `LEAST(t.${name}, excluded.${name})`
}

/**
 * Each column decides by itself, against the row as it is when its lock is held: so the row comes
 * out the same in whatever order, batches and transactions the events arrive.
 */
function writeText(table: string, { key, newest, state, milestones, all }: Layout): string {
  const names = all.map(({ name }) => name).join(', ')
  const keyNames = key.map(({ name }) => name)
  const updates = [
    ...chosen(newest, IS_NEWER),
    ...chosen(state, STATE_MOVES),
    ...milestones.map((column) => `${column.name} = ${first(column)}`),
    'updated_at = now()',
  ]
  const moves = [
    IS_NEWER,
    ...(state.length === 0 ? [] : [STATE_MOVES]),
    ...milestones.map((column) => `t.${column.name} IS DISTINCT FROM ${first(column)}`),
  ]
  return `
INSERT INTO ${table} AS t (${names})
SELECT ${selected(all)}
FROM unnest(${unnested(all)}) AS s (${names})
ON CONFLICT (${keyNames.join(', ')}) DO UPDATE SET
  ${updates.join(',\n  ')}
WHERE ${moves.join(' OR ')}
RETURNING t.${keyNames.join(', t.')}, t.last_event_id`
}

function keyOf({ event, resourceId }: ResourceState): string {
  return resourceKey(event.tenantId, event.liveMode, resourceId)
}

function distinct(states: readonly ResourceState[]): readonly ResourceState[] {
  return [...new Map(states.map((state) => [keyOf(state), state])).values()]
}

/** Prepares a table of a domain. */
export function projectionTable(domain: string, projection: ResourceProjection): ProjectionTable {
  const name = `${domain}.${projection.table}`
  const id = `${projection.resource}_id`
  const current = currentText(name, projection)
  const layout = layoutOf(projection)
  const write = writeText(name, layout)
  const writeChildren = childTable(domain, projection)
  const keyIn = (row: Row) =>
    resourceKey(row.tenant_id as string, row.live_mode as boolean, row[id] as string)
  return {
    projection,
    current: async (transaction, states) => {
      const values = identities(distinct(states))
      const rows = await transaction.query({ name: `${name}_current`, text: current, values })
      return new Map(
        rows.map((row) => [
          keyIn(row),
          {
            createdMs: (row.created as Date).getTime(),
            eventId: row.last_event_id as string,
            state: row.state as string | null,
          },
        ]),
      )
    },
    write: async (transaction, changes) => {
      const values = layout.all.map(({ of }) => changes.map(of))
      const rows = await transaction.query({ name: `${name}_write`, text: write, values })
      const last = new Map(rows.map((row) => [keyIn(row), row.last_event_id]))
      const taken = changes.filter(({ newest }) => last.get(keyOf(newest)) === newest.event.id)
      const parents = taken.map(({ newest }) => newest)
      await writeChildren?.(transaction, parents)
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
        entries.map(({ event }) => instant(event.createdMs)),
        entries.map(({ state }) => state?.projection.resource ?? null),
        entries.map(({ state }) => state?.resourceId ?? null),
        entries.map(({ data }) => data),
        entries.map(({ previousAttributes }) => previousAttributes),
      ],
    })
  }
}
