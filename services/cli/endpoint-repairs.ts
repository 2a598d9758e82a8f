import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import type { OtherFacts } from '#ingress/endpoint-rows.ts'
import { failure } from './fault.ts'
import type { FoundEndpoints } from './found-endpoints.ts'
import { standingEndpoint } from './found-endpoints.ts'

/** An endpoint as far as it can be read, and what of it is lost once it is written anew. */
interface Readable {
  readonly entry: EndpointEntry
  /** Ids of the secrets that do not open. */
  readonly lost: readonly string[]
}

/**
 * An endpoint to which a secret is added. One whose secrets do not open loses them, which is said
 * before it is done: it may be that only the keys of whoever asks are wrong.
 *
 * @throws CliFault
 */
export function rotatable(found: FoundEndpoints, id: string, force: boolean): Readable {
  const row = found.damaged.get(id)
  if (row === undefined) return { entry: standingEndpoint(found, id), lost: [] }
  const opened = row.opened({})
  if (typeof opened === 'string') throw failure(`${row.problem}; \`endpoints set\` may mend it`)
  if (!force) {
    throw failure(
      `${row.problem}; put its key back, or say --force: ${opened.sealed.join(', ')} would go, and what is signed with them be answered 400`,
    )
  }
  return { entry: opened.entry, lost: opened.sealed }
}

/**
 * An endpoint whose owner or decision service is set. A seal is bound to these, so that a row that
 * was given to another tenant opens once it is given back.
 *
 * @throws CliFault
 */
export function settable(found: FoundEndpoints, id: string, wanted: OtherFacts): EndpointEntry {
  const row = found.damaged.get(id)
  if (row === undefined) return standingEndpoint(found, id)
  const opened = row.opened(wanted)
  if (typeof opened === 'string') throw failure(`${row.problem}; with these it ${opened}`)
  if (opened.sealed.length === 0) return opened.entry
  throw failure(`${row.problem}, neither with these; \`endpoints rotate --force\` mends it`)
}

/** An endpoint that is taken out of service, for which no secret is needed. @throws CliFault */
export function endable(found: FoundEndpoints, id: string): EndpointEntry {
  const row = found.damaged.get(id)
  if (row === undefined) return standingEndpoint(found, id)
  const { bare, problem, state } = row
  if (bare === null) throw failure(`${problem}; \`endpoints set\` may mend it`)
  if (state === 'removed') throw failure(`the endpoint ${id} was removed for good`)
  return { ...bare, state }
}
