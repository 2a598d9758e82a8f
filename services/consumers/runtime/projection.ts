import type {
  ColumnValue,
  DomainConsumer,
  DomainEvent,
  Fields,
  ResourceProjection,
} from './contract.ts'
import type { BodyTexts } from './json-text.ts'
import { storableText } from './json-text.ts'

/** The state of one resource as one event shows it. */
export interface ResourceState {
  readonly projection: ResourceProjection
  readonly resourceId: string
  readonly event: DomainEvent
  readonly columns: readonly ColumnValue[]
  /** The resource as sent, JSON text for `jsonb`. */
  readonly snapshot: string
}

function storableValue(value: ColumnValue): ColumnValue {
  return typeof value === 'string' ? storableText(value) : value
}

function stateOf(
  projection: ResourceProjection,
  event: DomainEvent,
  body: BodyTexts,
): ResourceState | null {
  const found = body.resources.get(projection.resource)
  if (found === undefined) return null
  const id = found.id ?? (projection.idOfEvent === true ? event.id : null)
  if (id === null || id === '') return null
  const typed: Fields = event.resources[projection.resource] ?? {}
  return {
    projection,
    resourceId: storableText(id),
    event,
    columns: Object.values(projection.columns).map((column) =>
      storableValue(column.of(typed, event)),
    ),
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
    const state = stateOf(projection, event, body)
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

/** Identity of a resource within its table. */
export function resourceKey(tenantId: string, liveMode: boolean, resourceId: string): string {
  return `${tenantId}\n${liveMode}\n${resourceId}`
}

export interface Reconciliation {
  /** At most one state a resource, the newest; the rest were overwritten within the batch. */
  readonly winners: readonly ResourceState[]
  /** Events whose snapshot is older than what was already there. */
  readonly stale: ReadonlySet<DomainEvent>
}

/**
 * Decides, for states of one table in the order of their records, what is written. An older
 * snapshot never overwrites a newer one, be it in the table or earlier in the same batch.
 *
 * @param current the rows that are there, by `resourceKey`.
 */
export function reconcile(
  states: readonly ResourceState[],
  current: ReadonlyMap<string, EventOrder>,
): Reconciliation {
  const newest = new Map<string, EventOrder>(current)
  const winners = new Map<string, ResourceState>()
  const stale = new Set<DomainEvent>()
  for (const state of states) {
    const { event, resourceId } = state
    const key = resourceKey(event.tenantId, event.liveMode, resourceId)
    const order: EventOrder = { createdMs: event.createdMs, eventId: event.id }
    const known = newest.get(key)
    if (known !== undefined && !isNewer(order, known)) {
      stale.add(event)
      continue
    }
    newest.set(key, order)
    winners.set(key, state)
  }
  return { winners: [...winners.values()], stale }
}
