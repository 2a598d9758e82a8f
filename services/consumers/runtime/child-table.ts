import type { Transaction } from '#platform/postgres/database.ts'
import { identities, identityColumns, selected, unnested } from './column-arrays.ts'
import type { ResourceProjection } from './contract.ts'
import type { ResourceState } from './projection.ts'

/** Replaces the rows below resources, at most one state a resource, by those of their states. */
export type ChildrenWrite = (
  transaction: Transaction,
  parents: readonly ResourceState[],
) => Promise<void>

interface ChildStatements {
  readonly clear: string
  readonly insert: string
  readonly width: number
}

function statements(name: string, { resource, children }: ResourceProjection): ChildStatements {
  const own = Object.entries(children?.columns ?? {}).map(([column, { type }]) => ({
    name: column,
    type,
  }))
  const line = { name: 'line_no', type: 'integer' }
  const all = [...identityColumns(resource), line, ...own]
  const names = all.map((column) => column.name).join(', ')
  return {
    clear: `
DELETE FROM ${name} c
USING unnest($1::text[], $2::boolean[], $3::text[]) AS k (tenant_id, live_mode, resource_id)
WHERE c.tenant_id = k.tenant_id AND c.live_mode = k.live_mode AND c.${resource}_id = k.resource_id`,
    insert: `
INSERT INTO ${name} (${names})
SELECT ${selected(all)} FROM unnest(${unnested(all)}) AS s (${names})`,
    width: own.length,
  }
}

/** Prepares the table below a resource, or null when it has none. */
export function childTable(domain: string, projection: ResourceProjection): ChildrenWrite | null {
  const { children } = projection
  if (children === undefined) return null
  const name = `${domain}.${children.table}`
  const { clear, insert, width } = statements(name, projection)
  return async (transaction, parents) => {
    if (parents.length === 0) return
    await transaction.query({ name: `${name}_clear`, text: clear, values: identities(parents) })
    const rows = parents.flatMap((parent) =>
      parent.children.map((values, i) => ({ parent, line: i + 1, values })),
    )
    if (rows.length === 0) return
    const values = [
      ...identities(rows.map(({ parent }) => parent)),
      rows.map(({ line }) => line),
      ...Array.from({ length: width }, (_, i) => rows.map((row) => row.values[i] ?? null)),
    ]
    await transaction.query({ name: `${name}_insert`, text: insert, values })
  }
}
