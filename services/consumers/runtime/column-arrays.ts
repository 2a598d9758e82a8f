import type { ResourceState } from './projection.ts'

/** A column as a multi-row statement names it. */
export interface NamedColumn {
  readonly name: string
  /** A type of Postgres. */
  readonly type: string
}

/** An instant as a `timestamptz` takes it, from milliseconds since the epoch. */
export function instant(ms: number): string {
  return new Date(ms).toISOString()
}

/** The parameters of `unnest`, one array a column; `jsonb` travels as text. */
export function unnested(columns: readonly NamedColumn[]): string {
  return columns.map(({ type }, i) => `$${i + 1}::${type === 'jsonb' ? 'text' : type}[]`).join(', ')
}

/** The columns of what `unnest` gives, as `s`, in the types of their table. */
export function selected(columns: readonly NamedColumn[]): string {
  return columns
    .map(({ name, type }) => (type === 'jsonb' ? `s.${name}::jsonb` : `s.${name}`))
    .join(', ')
}

/** The columns that say which resource a row is about. */
export function identityColumns(resource: string): readonly NamedColumn[] {
  return [
    { name: 'tenant_id', type: 'text' },
    { name: 'live_mode', type: 'boolean' },
    { name: `${resource}_id`, type: 'text' },
  ]
}

/** The values of the identity columns. */
export function identities(states: readonly ResourceState[]) {
  return [
    states.map(({ event }) => event.tenantId),
    states.map(({ event }) => event.liveMode),
    states.map(({ resourceId }) => resourceId),
  ]
}
