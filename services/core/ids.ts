/**
 * Identifiers of the QairoPay contract as branded types: a tenant id cannot be handed in where an
 * event id belongs. The sender calls its ids a "ULID variant" without saying which
 * (contract, section 7.2), so only the prefix, a length limit and visible ASCII are asked of them.
 */
declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** `evt_…`, the deduplication key of an event. */
export type EventId = Branded<'EventId'>
/** `tnt_…`, a legal entity or division; sandbox and live are separate tenants. */
export type TenantId = Branded<'TenantId'>
/** `whk_…`, a webhook endpoint: one tenant, one mode, its own secrets. */
export type EndpointId = Branded<'EndpointId'>
/** `YYYY-MM-DD`, the name of a frozen schema of `data`. */
export type ApiVersion = Branded<'ApiVersion'>

const MAX_ID_LENGTH = 128
const VISIBLE_ASCII = /^[\x21-\x7e]+$/
const VERSION_DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/

function hasPrefix(text: string, prefix: string): boolean {
  return (
    text.length > prefix.length &&
    text.length <= MAX_ID_LENGTH &&
    text.startsWith(prefix) &&
    VISIBLE_ASCII.test(text)
  )
}

/** The text as an event id, or null when it is none. */
export function eventId(text: string): EventId | null {
  return hasPrefix(text, 'evt_') ? (text as EventId) : null
}

/** The text as a tenant id, or null when it is none. */
export function tenantId(text: string): TenantId | null {
  return hasPrefix(text, 'tnt_') ? (text as TenantId) : null
}

/** The text as an endpoint id, or null when it is none. */
export function endpointId(text: string): EndpointId | null {
  return hasPrefix(text, 'whk_') ? (text as EndpointId) : null
}

/** The text as an API version, or null when it is no date of the form `YYYY-MM-DD`. */
export function apiVersion(text: string): ApiVersion | null {
  return VERSION_DATE.test(text) ? (text as ApiVersion) : null
}

const ISSUED_ENDPOINT = /^whk_[0-9A-Za-z]{20,40}$/

/**
 * Whether an endpoint id looks as if QairoPay had issued it (prefix and the length of a ULID
 * variant). Such an id may belong to an endpoint that is being provisioned right now.
 */
export function looksIssued(id: string): boolean {
  return ISSUED_ENDPOINT.test(id)
}
