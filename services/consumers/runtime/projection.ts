import type {
  Column,
  ColumnValue,
  DomainConsumer,
  DomainEvent,
  EventHandling,
  Fields,
  ResourceProjection,
} from './contract.ts'
import { handlingOf } from './contract.ts'
import type { BodyTexts } from './json-text.ts'
import { storable, storableText } from './json-text.ts'

/** The state of one resource as one event shows it. */
export interface ResourceState {
  readonly projection: ResourceProjection
  readonly resourceId: string
  readonly event: DomainEvent
  readonly columns: readonly ColumnValue[]
  /** The word of the state that the event puts the resource into; null when it puts it into none. */
  readonly state: string | null
  /** Rows below the resource, in their order; empty for a resource that has none. */
  readonly children: readonly (readonly ColumnValue[])[]
  /** The resource as sent, JSON text for `jsonb`. */
  readonly snapshot: string
}

type Columns = Readonly<Record<string, Column>>

function storableValue(type: Column['type'], value: ColumnValue): ColumnValue {
  if (typeof value !== 'string') return value
  return type === 'jsonb' ? storable(value) : storableText(value)
}

function valuesOf(columns: Columns, resource: Fields, event: DomainEvent): readonly ColumnValue[] {
  return Object.values(columns).map((column) =>
    storableValue(column.type, column.of(resource, event)),
  )
}

/** The resource in the words of the current version. */
function currentWords({ casters }: DomainConsumer, key: string, event: DomainEvent): Fields {
  const typed = event.resources[key] ?? {}
  return casters[key]?.(typed, event.apiVersion) ?? typed
}

function idIn({ idOfEvent }: ResourceProjection, own: string | null, event: DomainEvent) {
  if (idOfEvent === 'always') return event.id
  return own ?? (idOfEvent === 'for_want' ? event.id : null)
}

function stateOf(
  domain: DomainConsumer,
  projection: ResourceProjection,
  event: DomainEvent,
  body: BodyTexts,
): ResourceState | null {
  const { resource, key = resource, only = event.type, columns, children } = projection
  const found = only === event.type ? body.resources.get(key) : undefined
  if (found === undefined) return null
  const id = idIn(projection, found.id, event)
  if (id === null || id === '') return null
  const handling: EventHandling | null = handlingOf(domain, event.type)
  const cast = currentWords(domain, key, event)
  return {
    projection,
    resourceId: storableText(id),
    event,
    columns: valuesOf(columns, cast, event),
    state: handling?.resource === resource ? (handling.state ?? null) : null,
    children: children?.of(cast).map((child) => valuesOf(children.columns, child, event)) ?? [],
    snapshot: found.text,
  }
}

/**
 * The states of all resources of the domain that an event carries, in the order of the domain's
 * definition. Empty when there is none with an id: such an event is kept in the history only.
 */
export function statesOf(
  domain: DomainConsumer,
  event: DomainEvent,
  body: BodyTexts,
): readonly ResourceState[] {
  return domain.resources.flatMap((projection) => {
    const state = stateOf(domain, projection, event, body)
    return state === null ? [] : [state]
  })
}

/** Where the last event that a row has seen stands. */
export interface EventOrder {
  readonly createdMs: number
  readonly eventId: string
}

/** Total order of events: by `created`, then by id in byte order, as the database compares them. */
export function isNewer(a: EventOrder, b: EventOrder): boolean {
  if (a.createdMs !== b.createdMs) return a.createdMs > b.createdMs
  return a.eventId > b.eventId
}

/** Where an event stands. */
export function orderOf({ createdMs, id }: DomainEvent): EventOrder {
  return { createdMs, eventId: id }
}

/** Identity of a resource within its table. */
export function resourceKey(tenantId: string, liveMode: boolean, resourceId: string): string {
  return `${tenantId}\n${liveMode}\n${resourceId}`
}

/** What is there of a row before a batch. */
export interface CurrentRow extends EventOrder {
  /** Our word; null for none yet. */
  readonly state: string | null
}

/** What a batch has to say about one row; the row itself decides what of it is newer. */
export interface RowChange {
  /** The newest of the batch, be it newer than the row or not. */
  readonly newest: ResourceState
  /** The newest that puts the resource into a state. */
  readonly stateful: ResourceState | null
  /** For each milestone, the first `created` of the batch. */
  readonly milestones: readonly (number | null)[]
}

/** A state that came after one from which there is no way to it. */
export interface ImpossibleTransition {
  readonly from: string
  readonly to: ResourceState
}

export interface Reconciliation {
  /** At most one a resource; none for a resource about which nothing is new. */
  readonly changes: readonly RowChange[]
  /** Events whose snapshot is older than what was already there. */
  readonly stale: ReadonlySet<DomainEvent>
  readonly impossible: readonly ImpossibleTransition[]
}

/** What the projections of some events came to. */
export interface Projected {
  /** Events whose snapshots were older than the rows. */
  readonly stale: ReadonlySet<DomainEvent>
  /** By event, the resource that could not have come into that state. */
  readonly impossible: ReadonlyMap<DomainEvent, string>
  /** Events of types that nobody knew. */
  readonly unknown: ReadonlySet<DomainEvent>
}

function newerOf(a: ResourceState, b: ResourceState): ResourceState {
  return isNewer(orderOf(a.event), orderOf(b.event)) ? a : b
}

function firstOf(states: readonly ResourceState[], type: string): number | null {
  const times = states.flatMap(({ event }) => (event.type === type ? [event.createdMs] : []))
  return times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b))
}

function changeOf(states: readonly ResourceState[], row: CurrentRow | null): RowChange | null {
  const [first] = states
  if (first === undefined) return null
  const newest = states.reduce(newerOf)
  const stateful = states.filter(({ state }) => state !== null)
  const change: RowChange = {
    newest,
    stateful: stateful.length === 0 ? null : stateful.reduce(newerOf),
    milestones: Object.values(first.projection.milestones ?? {}).map((type) =>
      firstOf(states, type),
    ),
  }
  // The row's own last event comes a second time only when it is to be handled again.
  if (row === null || !isNewer(row, orderOf(newest.event))) return change
  const isNews = change.stateful !== null || change.milestones.some((time) => time !== null)
  return isNews ? change : null
}

function staleOf(states: readonly ResourceState[], row: CurrentRow | null): readonly DomainEvent[] {
  let newest: EventOrder | null = row
  return states.flatMap(({ event }) => {
    const order = orderOf(event)
    if (newest !== null && isNewer(newest, order)) return [event]
    newest = order
    return []
  })
}

/**
 * Each state is held against the one before it in the order of events, not of arrival: what a batch
 * brings in disorder raises no alarm. What is older than the row is not judged, since what lay
 * around it is no longer known.
 */
function impossibleAmong(
  states: readonly ResourceState[],
  row: CurrentRow | null,
): readonly ImpossibleTransition[] {
  const later = states
    .filter(({ event, state }) => {
      return state !== null && (row === null || isNewer(orderOf(event), row))
    })
    .sort((a, b) => (newerOf(a, b) === a ? 1 : -1))
  let from = row?.state ?? null
  return later.flatMap((to) => {
    const before = from
    from = to.state
    return before === null || isAllowed(to, before) ? [] : [{ from: before, to }]
  })
}

/** A state that the machine no longer knows may be followed by any. */
function isAllowed({ projection, state }: ResourceState, from: string): boolean {
  const next = projection.states?.[from]
  return next === undefined || state === null || state === from || next.includes(state)
}

function byResource(states: readonly ResourceState[]): ReadonlyMap<string, ResourceState[]> {
  const groups = new Map<string, ResourceState[]>()
  for (const state of states) {
    const { event, resourceId } = state
    const key = resourceKey(event.tenantId, event.liveMode, resourceId)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [state])
    else group.push(state)
  }
  return groups
}

/**
 * Decides, for states of one table in the order of their records, what is written. An older
 * snapshot never overwrites a newer one, be it in the table or earlier in the same batch; what an
 * older event alone can tell (when something happened first) is taken from it all the same.
 *
 * @param current the rows that are there, by `resourceKey`.
 */
export function reconcile(
  states: readonly ResourceState[],
  current: ReadonlyMap<string, CurrentRow>,
): Reconciliation {
  const changes: RowChange[] = []
  const stale = new Set<DomainEvent>()
  const impossible: ImpossibleTransition[] = []
  for (const [key, group] of byResource(states)) {
    const row = current.get(key) ?? null
    const change = changeOf(group, row)
    if (change !== null) changes.push(change)
    for (const event of staleOf(group, row)) stale.add(event)
    impossible.push(...impossibleAmong(group, row))
  }
  return { changes, stale, impossible }
}
