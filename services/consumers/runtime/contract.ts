import type { ApiVersion, EventId, TenantId } from '#core/ids.ts'
import type { HandledDomain } from '#core/routing.ts'

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

type ColumnType = 'text' | 'bigint' | 'boolean' | 'double precision'
export type ColumnValue = string | number | bigint | boolean | null

/** A column that a person would query; everything else is in the row's `snapshot`. */
export interface Column {
  readonly type: ColumnType
  /** Pure; null when this event's version does not carry it. */
  of(resource: Fields, event: DomainEvent): ColumnValue
}

/** One resource of a domain and the table that holds its current state. */
export interface ResourceProjection {
  /** The key under `data`; the id column of the table is `<resource>_id`. */
  readonly resource: string
  /** The table in the domain's schema. */
  readonly table: string
  readonly columns: Readonly<Record<string, Column>>
  /** What happens once and has no id of its own takes the event's id (a scan). */
  readonly idOfEvent?: true
}

/** All that makes a domain's consumer; the runtime does the rest. */
export interface DomainConsumer {
  /** Also the name of the Postgres schema. */
  readonly domain: HandledDomain
  /** Folder of `NNN.do.<name>.sql` files, as a file URL that ends with `/`. */
  readonly migrations: URL
  readonly resources: readonly ResourceProjection[]
}

const NAME = /^[a-z][a-z_]{0,40}$/

/**
 * Checks a domain's definition once, at start: its names become part of SQL text.
 *
 * @throws Error that says which name cannot be used.
 */
export function defineDomain(consumer: DomainConsumer): DomainConsumer {
  const names = consumer.resources.flatMap(({ resource, table, columns }) => [
    resource,
    table,
    ...Object.keys(columns),
  ])
  const unusable = names.find((name) => !NAME.test(name))
  if (unusable !== undefined) {
    throw new Error(`${consumer.domain}: "${unusable}" cannot name a table or a column`)
  }
  return consumer
}

function at(resource: Fields, path: readonly string[]): unknown {
  let value: unknown = resource
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null
    value = (value as Fields)[name]
  }
  return value
}

/** A column of text from a path of fields. */
export function text(...path: readonly string[]): Column {
  return {
    type: 'text',
    of: (resource) => {
      const value = at(resource, path)
      return typeof value === 'string' ? value : null
    },
  }
}

/** A column of an amount in the smallest unit of its currency (cents). */
export function amount(...path: readonly string[]): Column {
  return {
    type: 'bigint',
    of: (resource) => {
      const value = at(resource, path)
      return typeof value === 'bigint' ? value : null
    },
  }
}

/** A column of a floating-point number (degrees). */
export function number(...path: readonly string[]): Column {
  return {
    type: 'double precision',
    of: (resource) => {
      const value = at(resource, path)
      return typeof value === 'number' ? value : null
    },
  }
}

/** A column of how many items a list has. */
export function count(...path: readonly string[]): Column {
  return {
    type: 'bigint',
    of: (resource) => {
      const value = at(resource, path)
      return Array.isArray(value) ? BigInt(value.length) : null
    },
  }
}
