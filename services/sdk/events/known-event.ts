import type { KnownEvents } from './known-events.ts'
import { EVENT_TYPES } from './known-events.ts'
import type { VersionedEvent } from './versioned-event.ts'

/** An API version that has types here. */
export type KnownVersion = keyof KnownEvents

type DomainName = keyof KnownEvents[KnownVersion]

/**
 * Every event that has types here, or those of a version, or of a domain: a union that `apiVersion`
 * and `type` tell apart.
 */
export type KnownEvent<
  Version extends KnownVersion = KnownVersion,
  Domain extends DomainName = DomainName,
> = Version extends KnownVersion ? KnownEvents[Version][Domain] : never

/** Types of the events of a domain that any version has. */
export type KnownEventType<Domain extends DomainName> = KnownEvent<KnownVersion, Domain>['type']

type EachHas<Resources, Name> = Resources extends unknown
  ? Name extends keyof Resources
    ? NonNullable<Resources[Name]>
    : never
  : never

type AllOf<Union> = (Union extends unknown ? (value: Union) => void : never) extends (
  value: infer All,
) => void
  ? All
  : never

/** A resource with every field that it has in any version. */
export type AnyVersionOf<Domain extends DomainName, Name extends string> = AllOf<
  EachHas<KnownEvent<KnownVersion, Domain>['resources'], Name>
>

/** Whether an API version has types here. */
export function isKnownVersion(version: string): version is KnownVersion {
  return Object.hasOwn(EVENT_TYPES, version)
}

/**
 * The event with its types, or null when its version or its type came after these were written:
 * the sender adds event types without a new version, and versions are registered at run time.
 */
export function knownEvent(event: VersionedEvent): KnownEvent | null {
  const { apiVersion, type } = event
  if (!isKnownVersion(apiVersion)) return null
  const types: readonly string[] = Object.values(EVENT_TYPES[apiVersion]).flat()
  // Its resources were decoded by the very schema that the types were written from.
  return types.includes(type) ? (event as unknown as KnownEvent) : null
}
