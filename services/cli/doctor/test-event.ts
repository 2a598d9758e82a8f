import type { HandledDomain } from '#core/routing.ts'
import { domainOf, FAMILIES } from '#core/routing.ts'
import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import { newestFirst } from '#ingress/endpoints.ts'
import { isUsable } from '#ingress/signature.ts'
import type { EventBody } from '#local/samples.ts'

/** QairoPay issues `tnt_` and a ULID, so no tenant of its own has such an id. */
const TEST_TENANT = 'tnt_test_'

/** Whether a tenant was made up for tests, so that nobody minds an event of it. */
function isTestTenant(tenantId: string): boolean {
  return tenantId.startsWith(TEST_TENANT)
}

/**
 * The type of a test event: of a family that QairoPay sends and with a name that it does not. The
 * consumer of the domain keeps it in its history and projects nothing; so should other readers.
 */
export function testEventType(domain: HandledDomain): string {
  const family = FAMILIES.find((each) => domainOf(each) === domain)
  return `${family}.router_test`
}

export interface EventChoice {
  readonly id: string
  readonly domain: HandledDomain
  readonly endpoint: Pick<EndpointEntry, 'tenantId' | 'liveMode'>
  /** `YYYY-MM-DD`, one that is routed. */
  readonly version: string
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

/** A whole event that names no resource, so that it changes none. */
export function testEvent({ id, domain, endpoint, version, nowMs }: EventChoice): EventBody {
  return {
    id,
    type: testEventType(domain),
    created: new Date(nowMs).toISOString(),
    tenant_id: endpoint.tenantId,
    live_mode: endpoint.liveMode,
    api_version: version,
    data: {},
    previous_attributes: null,
  }
}

export interface EndpointWish {
  /** Null: one that is meant for tests. */
  readonly id: string | null
  /** Also an endpoint of a tenant that QairoPay knows. */
  readonly realTenant: boolean
  /** The local stack, whose tenants are all made up. */
  readonly isLocal: boolean
}

export type EndpointChoice =
  | { readonly ok: true; readonly entry: EndpointEntry }
  | { readonly ok: false; readonly words: string; readonly remedy: string }

function isReady(entry: EndpointEntry, nowMs: number): boolean {
  return entry.state === 'enabled' && entry.secrets.some((secret) => isUsable(secret, nowMs))
}

function refused(words: string, remedy: string): EndpointChoice {
  return { ok: false, words, remedy }
}

function namedEndpoint(
  entry: EndpointEntry,
  { realTenant, isLocal }: EndpointWish,
  nowMs: number,
): EndpointChoice {
  const { id, tenantId, state } = entry
  if (state !== 'enabled')
    return refused(`the endpoint ${id} is ${state}`, 'enable it, or name another')
  if (!isReady(entry, nowMs)) {
    return refused(`the endpoint ${id} has no usable secret`, 'add one by `endpoints rotate`')
  }
  if (isTestTenant(tenantId) || isLocal || realTenant) return { ok: true, entry }
  return refused(
    `the endpoint ${id} is of ${tenantId}, which is no tenant for tests`,
    'say --real-tenant if one test event may lie among its events, for all who read them',
  )
}

/** Which endpoint a test event may be sent for. Pure. */
export function chosenEndpoint(
  entries: ReadonlyMap<string, EndpointEntry>,
  wish: EndpointWish,
  nowMs: number,
): EndpointChoice {
  if (wish.id !== null) {
    const named = entries.get(wish.id)
    if (named !== undefined) return namedEndpoint(named, wish, nowMs)
    return refused(`there is no endpoint ${wish.id}`, 'see `endpoints list`')
  }
  const ready = [...entries.values()].filter((entry) => isReady(entry, nowMs))
  const forTests = ready.find(({ tenantId }) => isTestTenant(tenantId))
  const own = wish.isLocal ? (ready.find(({ liveMode }) => !liveMode) ?? ready[0]) : undefined
  const entry = forTests ?? own
  if (entry !== undefined) return { ok: true, entry }
  return refused(
    'no enabled endpoint is meant for tests',
    `make one (\`endpoints add --tenant ${TEST_TENANT}1 --mode sandbox\`), or name one by --endpoint`,
  )
}

/**
 * The endpoint with the one secret that a test event is signed with: the oldest that is usable. Uses
 * are counted, and `endpoints status` takes uses of a new secret for a sign that QairoPay has changed
 * over; of an old one, at worst it advises to keep it for a week.
 */
export function signingEntry(entry: EndpointEntry, nowMs: number): EndpointEntry {
  const usable = newestFirst(entry.secrets).filter((secret) => isUsable(secret, nowMs))
  return { ...entry, secrets: usable.slice(-1) }
}
