/**
 * An event as it is read from a domain topic: the envelope, the typed resources of its domain, and
 * the body as signed.
 */
export interface VersionedEvent<
  Version extends string = string,
  Type extends string = string,
  Resources = Readonly<Record<string, unknown>>,
  Previous extends string | null = string | null,
> {
  /** `evt_…`; the key for deduplication. */
  readonly id: string
  readonly type: Type
  /** When it happened, in milliseconds since the epoch. */
  readonly created: number
  readonly tenantId: string
  readonly liveMode: boolean
  readonly apiVersion: Version
  /** The webhook endpoint that it came in at. */
  readonly endpointId: string
  /** When the router received it, in milliseconds since the epoch. */
  readonly receivedAt: number
  /** The signature's time was outside the tolerance, and the operator's policy accepted it. */
  readonly staleSignature: boolean
  /** The old values of changed fields, JSON text as sent; null in versions that have none. */
  readonly previousAttributes: Previous
  readonly resources: Resources
  /** The body exactly as signed; the truth when a typed field is null. */
  readonly raw: Uint8Array
}

/** One event for each of several types: a union that `type` tells apart. */
export type EventOfType<
  Version extends string,
  Type extends string,
  Resources,
  Previous extends string | null,
> = Type extends string ? VersionedEvent<Version, Type, Resources, Previous> : never
