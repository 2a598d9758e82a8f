import type { ApiVersion, EventId, TenantId } from '#core/ids.ts'
import type { HandledDomain } from '#core/routing.ts'
import type { Handler } from './handler.ts'

/** Plain fields, as they come out of Avro or JSON. */
export type Fields = Readonly<Record<string, unknown>>

/** What a domain gets to see of an event: the envelope and its typed resources. */
export interface DomainEvent {
  readonly id: EventId
  readonly type: string
  readonly createdMs: number
  readonly tenantId: TenantId
  readonly liveMode: boolean
  readonly apiVersion: ApiVersion
  /** Typed resources by name, null where the event holds none; amounts are bigint. */
  readonly resources: Readonly<Record<string, Fields | null>>
}

type ColumnType = 'text' | 'bigint' | 'boolean' | 'double precision' | 'jsonb'
export type ColumnValue = string | number | bigint | boolean | null

/** A column that a person would query; everything else is in the row's `snapshot`. */
export interface Column {
  readonly type: ColumnType
  /** Pure; null when this event's version does not carry it. JSON text for `jsonb`. */
  of(resource: Fields, event: DomainEvent): ColumnValue
}

/**
 * What a resource of any version is in the words of the current one. Pure. Columns and children
 * are made from what it gives; the snapshot stays as sent.
 */
export type Caster = (resource: Fields, version: ApiVersion) => Fields

/** Rows below a resource (the lines of a settlement), replaced whole with its snapshot. */
interface ChildTable {
  /** The table in the domain's schema; its key is the resource's and `line_no`, from 1. */
  readonly table: string
  readonly columns: Readonly<Record<string, Column>>
  /** Pure; what the rows are made from, in their order. */
  of(resource: Fields): readonly Fields[]
}

/** From each state, those that may come next; to stay in a state is always allowed. */
export type StateMachine = Readonly<Record<string, readonly string[]>>

/** One resource of a domain and the table that holds its current state. */
export interface ResourceProjection {
  /** Names the id column of the table, `<resource>_id`; also the key under `data`, as a rule. */
  readonly resource: string
  /** The key under `data`, when it is not the resource's own name. */
  readonly key?: string
  /** The one event type that it is made from, when not all that carry the key. */
  readonly only?: string
  /** The table in the domain's schema. */
  readonly table: string
  readonly columns: Readonly<Record<string, Column>>
  /** What happens once takes the event's id (a scan), for want of one of its own, or always. */
  readonly idOfEvent?: 'for_want' | 'always'
  /** Gives the table the columns `state`, `state_since` and `state_event_id`. */
  readonly states?: StateMachine
  /** By column: the event type whose first `created` it holds, in whatever order they come. */
  readonly milestones?: Readonly<Record<string, string>>
  readonly children?: ChildTable
}

/** What a known event type means. */
export interface EventHandling {
  /** The resource that it is about. */
  readonly resource: string
  /** The state that it puts that resource into, in our own word; none leaves it as it is. */
  readonly state?: string
}

/** All that makes a domain's consumer; the runtime does the rest. */
export interface DomainConsumer {
  /** Also the name of the Postgres schema. */
  readonly domain: HandledDomain
  /** Folder of `NNN.do.<name>.sql` files, as a file URL that ends with `/`. */
  readonly migrations: URL
  /** Every known event type; others are kept, projected by what they carry, and counted. */
  readonly events: Readonly<Record<string, EventHandling>>
  /** By key under `data`; a resource without one reads the same in all versions. */
  readonly casters: Readonly<Record<string, Caster>>
  readonly resources: readonly ResourceProjection[]
  /** Effects beyond the projections, in the same transaction. */
  readonly handle?: Handler
}

/** What an event type means, or null for one that nobody knew. */
export function handlingOf({ events }: DomainConsumer, type: string): EventHandling | null {
  return Object.hasOwn(events, type) ? (events[type] ?? null) : null
}

const NAME = /^[a-z][a-z_]{0,40}$/

function namesOf({ resource, table, columns, milestones, children }: ResourceProjection) {
  const own = [resource, table, ...Object.keys(columns), ...Object.keys(milestones ?? {})]
  return children === undefined ? own : [...own, children.table, ...Object.keys(children.columns)]
}

/** What is named somewhere in a definition, but nowhere defined. */
function loosePart({ events, resources }: DomainConsumer): string | undefined {
  const known = new Map(resources.map((projection) => [projection.resource, projection]))
  const ofEvents = Object.values(events).flatMap(({ resource, state }) => {
    const machine = known.get(resource)?.states ?? {}
    if (!known.has(resource)) return [resource]
    return state === undefined || Object.hasOwn(machine, state) ? [] : [state]
  })
  const ofResources = resources.flatMap(({ only, milestones, states }) => [
    ...[...(only === undefined ? [] : [only]), ...Object.values(milestones ?? {})].filter(
      (type) => !Object.hasOwn(events, type),
    ),
    ...Object.values(states ?? {})
      .flat()
      .filter((state) => !Object.hasOwn(states ?? {}, state)),
  ])
  return [...ofEvents, ...ofResources][0]
}

/**
 * Checks a domain's definition once, at start: its names become part of SQL text, and what it
 * refers to must be there.
 *
 * @throws Error that says which name cannot be used.
 */
export function defineDomain(consumer: DomainConsumer): DomainConsumer {
  const unusable = consumer.resources.flatMap(namesOf).find((name) => !NAME.test(name))
  if (unusable !== undefined) {
    throw new Error(`${consumer.domain}: "${unusable}" cannot name a table or a column`)
  }
  const loose = loosePart(consumer)
  if (loose !== undefined) throw new Error(`${consumer.domain}: "${loose}" is nowhere defined`)
  return consumer
}
