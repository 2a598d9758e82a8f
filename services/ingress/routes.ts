import type { CatalogueEntry, RegisteredSchema } from '#core/catalogue.ts'
import type { Domain, Mode } from '#core/routing.ts'
import { DOMAINS, eventTopic, MODES, quarantineTopic } from '#core/routing.ts'
import type { VersionState } from '#core/versions.ts'
import type { EventEncoder } from '#platform/avro/event-encoder.ts'

/** One version, ready to encode: looked up once per event, built once per change. */
export interface VersionRoutes {
  readonly state: VersionState
  /** Null for a domain whose schema this release cannot compile. */
  readonly encoders: Readonly<Record<Domain, EventEncoder | null>>
}

interface Topics {
  readonly events: Readonly<Record<Domain, string>>
  readonly quarantine: string
}

/** The frozen table of step 6 of a webhook's life. */
export interface RouteTable {
  readonly versions: ReadonlyMap<string, VersionRoutes>
  readonly topics: Readonly<Record<Mode, Topics>>
}

function perDomain<Value>(make: (domain: Domain) => Value): Readonly<Record<Domain, Value>> {
  return Object.fromEntries(DOMAINS.map((domain) => [domain, make(domain)])) as Record<
    Domain,
    Value
  >
}

function topicsOf(prefix: string, mode: Mode): Topics {
  return {
    events: perDomain((domain) => eventTopic(prefix, mode, domain)),
    quarantine: quarantineTopic(prefix, mode),
  }
}

/**
 * Builds the table from the catalogue.
 *
 * @param encoderFor compiles a schema, or gives null when it cannot; called for every schema of
 *   every version, so it should remember by schema id
 */
export function compileRoutes(
  entries: Iterable<CatalogueEntry>,
  prefix: string,
  encoderFor: (schema: RegisteredSchema) => EventEncoder | null,
): RouteTable {
  const versions = new Map<string, VersionRoutes>()
  for (const { version, state, domains } of entries) {
    const encoders = perDomain((domain) => encoderFor(domains[domain]))
    versions.set(version, { state, encoders })
  }
  const topics = Object.fromEntries(MODES.map((mode) => [mode, topicsOf(prefix, mode)]))
  return { versions, topics: topics as Record<Mode, Topics> }
}
