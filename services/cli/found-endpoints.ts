import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import type { FaultyRow } from '#ingress/endpoint-rows.ts'
import { failure } from './fault.ts'

/** The endpoints of a store, by their ids. */
export interface FoundEndpoints {
  readonly usable: ReadonlyMap<string, EndpointEntry>
  /** Rows of Postgres that cannot be used as they are; files with any fault are refused whole. */
  readonly damaged: ReadonlyMap<string, FaultyRow>
}

export function foundEndpoints(
  usable: Iterable<EndpointEntry>,
  damaged: Iterable<FaultyRow> = [],
): FoundEndpoints {
  return {
    usable: new Map([...usable].map((entry) => [entry.id, entry])),
    damaged: new Map([...damaged].map((row) => [row.id, row])),
  }
}

/** @throws CliFault when there is none of that id, or one that cannot be used */
export function foundEndpoint({ usable, damaged }: FoundEndpoints, id: string): EndpointEntry {
  const entry = usable.get(id)
  if (entry !== undefined) return entry
  const row = damaged.get(id)
  if (row === undefined) throw failure(`there is no endpoint ${id}; see \`endpoints list\``)
  throw failure(
    `${row.problem}: put its key back, or mend it with \`endpoints set\`, \`rotate --force\` or \`remove\``,
  )
}

/** The same, when it was not removed for good. */
export function standingEndpoint(found: FoundEndpoints, id: string): EndpointEntry {
  const entry = foundEndpoint(found, id)
  if (entry.state === 'removed') throw failure(`the endpoint ${id} was removed for good`)
  return entry
}

/** @throws CliFault that names every endpoint that cannot be used */
export function demandAllUsable({ damaged }: FoundEndpoints, otherwise: string): void {
  if (damaged.size === 0) return
  const problems = [...damaged.values()].map(({ problem }) => problem)
  throw failure(`${problems.join('; ')}; ${otherwise}`)
}
