import type { CatalogueEntry } from '#core/catalogue.ts'
import { domainOf } from '#core/routing.ts'
import type { SetAsideEvent } from './entry.ts'

/** A schema by which a body may be masked. */
export interface NearestSchema {
  readonly version: string
  readonly text: string
}

/**
 * The schema of the event's own version, or of the newest one where that is unknown; null when its
 * type is unknown, which says nothing about its fields.
 */
export function nearestSchema(
  entries: Iterable<CatalogueEntry>,
  { apiVersion, eventType }: Pick<SetAsideEvent, 'apiVersion' | 'eventType'>,
): NearestSchema | null {
  if (eventType === null) return null
  // Dates as text sort as dates.
  const sorted = [...entries].sort((a, b) => (a.version < b.version ? 1 : -1))
  const nearest = sorted.find(({ version }) => version === apiVersion) ?? sorted[0]
  if (nearest === undefined) return null
  return { version: nearest.version, text: nearest.domains[domainOf(eventType)].schema }
}
