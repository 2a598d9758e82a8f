import { modeOf } from '#core/routing.ts'
import type { EndpointEntry, SecretEntry } from '#ingress/endpoint-entry.ts'
import type { OtherFacts } from '#ingress/endpoint-rows.ts'
import { isUsable } from '#ingress/signature.ts'
import { endable, rotatable, settable } from './endpoint-repairs.ts'
import { failure, usageFault } from './fault.ts'
import type { FoundEndpoints } from './found-endpoints.ts'
import { standingEndpoint } from './found-endpoints.ts'

/** Plain values for an audit; never a secret's value. */
type ChangeFacts = Readonly<Record<string, string | boolean | readonly string[] | null>>

/** An endpoint as an action leaves it, and what the audit tells of that. */
export interface EndpointChange {
  readonly entry: EndpointEntry
  /** `endpoints.<verb>` */
  readonly action: string
  readonly facts: ChangeFacts
  /** The state alone is written: its secrets stay as they are sealed, also where they do not open. */
  readonly stateOnly?: boolean
}

/** A secret before it has an id. */
export interface NewSecret {
  readonly value: string
  readonly notAfterMs: number | null
}

function foundSecret({ secrets }: EndpointEntry, secretId: string): SecretEntry {
  const secret = secrets.find(({ id }) => id === secretId)
  if (secret !== undefined) return secret
  const known = secrets.map(({ id }) => id).join(', ')
  throw failure(`the endpoint has no secret ${secretId}; there is ${known || 'none'}`)
}

function lastUsable(secretId: string): Error {
  return failure(
    `${secretId} is the last usable secret of an enabled endpoint; rotate first, or say --force: everything is answered 503 then`,
  )
}

/** One after the highest, so that the newest is easily told. */
function nextSecretId(ids: readonly string[]): string {
  const numbers = ids.map((id) => Number(/^k(\d{1,9})$/.exec(id)?.[1] ?? 0))
  return `k${Math.max(0, ...numbers) + 1}`
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

/**
 * Refuses an end that has come, unless it is meant: such a secret verifies nothing.
 *
 * @param endMs milliseconds since the epoch
 */
export function checkEnd(
  option: string,
  endMs: number | null,
  { nowMs, force }: { readonly nowMs: number; readonly force: boolean },
): void {
  if (endMs === null || endMs > nowMs || force) return
  throw usageFault(
    `${option} is in the past, so nothing would verify; say --force if that is meant`,
  )
}

/** A new endpoint with its first secret. */
export function added(
  found: FoundEndpoints,
  endpoint: Omit<EndpointEntry, 'secrets'>,
  secret: NewSecret,
  nowMs: number,
): EndpointChange {
  if (found.usable.has(endpoint.id) || found.damaged.has(endpoint.id)) {
    throw failure(
      `the endpoint ${endpoint.id} is there already; \`endpoints rotate\` adds a secret`,
    )
  }
  const id = nextSecretId([])
  const entry = { ...endpoint, secrets: [{ id, sinceMs: nowMs, ...secret }] }
  const facts = { secret: id, not_after: iso(secret.notAfterMs), state: endpoint.state }
  return { entry, action: 'endpoints.add', facts }
}

export interface RotationTimes {
  readonly nowMs: number
  /** When the older ones end, unless they end sooner anyway. */
  readonly oldNotAfterMs: number | null
  /** Whether secrets that do not open may go. */
  readonly force?: boolean
}

/** A further secret; those before it go on verifying. */
export function rotated(
  found: FoundEndpoints,
  id: string,
  secret: NewSecret,
  { nowMs, oldNotAfterMs, force = false }: RotationTimes,
): EndpointChange {
  const { entry, lost } = rotatable(found, id, force)
  if (entry.secrets.some(({ value }) => value === secret.value)) {
    throw failure('this secret is there already')
  }
  const secretId = nextSecretId([...entry.secrets.map((each) => each.id), ...lost])
  const older = entry.secrets.map((old) => {
    if (oldNotAfterMs === null) return old
    return { ...old, notAfterMs: Math.min(old.notAfterMs ?? oldNotAfterMs, oldNotAfterMs) }
  })
  const secrets = [...older, { id: secretId, sinceMs: nowMs, ...secret }]
  const facts = {
    secret: secretId,
    not_after: iso(secret.notAfterMs),
    old_not_after: iso(oldNotAfterMs),
    ...(lost.length === 0 ? {} : { lost }),
  }
  return { entry: { ...entry, secrets }, action: 'endpoints.rotate', facts }
}

/** Takes a secret away; what is signed with it is answered 400 from then on. */
export function retired(
  found: FoundEndpoints,
  id: string,
  secretId: string,
  { nowMs, force }: { readonly nowMs: number; readonly force: boolean },
): EndpointChange {
  const entry = standingEndpoint(found, id)
  const gone = foundSecret(entry, secretId)
  const secrets = entry.secrets.filter((secret) => secret !== gone)
  const last = !secrets.some((secret) => isUsable(secret, nowMs))
  if (last && entry.state === 'enabled' && !force) throw lastUsable(secretId)
  const facts = { secret: secretId, forced: force, left: secrets.map((secret) => secret.id) }
  return { entry: { ...entry, secrets }, action: 'endpoints.retire', facts }
}

/** Gives a secret another end; what is signed with it is answered 503 from then on. */
export function expiring(
  found: FoundEndpoints,
  id: string,
  secretId: string,
  times: { readonly notAfterMs: number; readonly nowMs: number; readonly force: boolean },
): EndpointChange {
  const { notAfterMs, nowMs, force } = times
  const entry = standingEndpoint(found, id)
  const secret = foundSecret(entry, secretId)
  const secrets = entry.secrets.map((each) => (each === secret ? { ...each, notAfterMs } : each))
  const usable = secrets.some((each) => isUsable(each, nowMs))
  if (!usable && entry.state === 'enabled' && !force) throw lastUsable(secretId)
  const facts = {
    secret: secretId,
    not_after: iso(notAfterMs),
    was: iso(secret.notAfterMs),
    forced: force,
  }
  return { entry: { ...entry, secrets }, action: 'endpoints.expire', facts }
}

/** Whose events come in there, and who decides; the secrets stay, and are sealed anew for it. */
export function configured(found: FoundEndpoints, id: string, wanted: OtherFacts): EndpointChange {
  const old = settable(found, id, wanted)
  const { tenantId = old.tenantId, liveMode = old.liveMode, decisionUrl = old.decisionUrl } = wanted
  const entry = { ...old, tenantId, liveMode, decisionUrl }
  const plain = (of: EndpointEntry) => [of.tenantId, modeOf(of.liveMode), of.decisionUrl ?? 'none']
  const was = found.damaged.has(id) ? 'unusable' : plain(old).join(' ')
  const facts = { was, is: plain(entry).join(' ') }
  if (facts.was === facts.is) throw failure(`the endpoint ${id} is so already`)
  return { entry, action: 'endpoints.set', facts }
}

/** Answers 503 from now on, or no longer. */
export function switched(
  found: FoundEndpoints,
  id: string,
  state: 'enabled' | 'disabled',
): EndpointChange {
  const action = state === 'enabled' ? 'endpoints.enable' : 'endpoints.disable'
  const entry = state === 'disabled' ? endable(found, id) : standingEndpoint(found, id)
  const facts = { was: entry.state }
  return { entry: { ...entry, state }, action, facts, stateOnly: true }
}

/** Answers 410 from now on, for good; its secrets go, its id stays. */
export function removed(found: FoundEndpoints, id: string): EndpointChange {
  const entry = endable(found, id)
  const facts = { was: entry.state, secrets: entry.secrets.map((secret) => secret.id) }
  const gone = { ...entry, state: 'removed', secrets: [] } as const
  return { entry: gone, action: 'endpoints.remove', facts }
}

/** Those of another store that are not here yet. */
export function imported(found: FoundEndpoints, others: FoundEndpoints): readonly EndpointChange[] {
  return [...others.usable.values()]
    .filter(({ id }) => !found.usable.has(id) && !found.damaged.has(id))
    .map((entry) => ({
      entry,
      action: 'endpoints.import',
      facts: { state: entry.state, secrets: entry.secrets.map((secret) => secret.id) },
    }))
}

/** All that hold secrets, as they are: what is written anew is sealed with the first key. */
export function resealed({ usable }: FoundEndpoints): readonly EndpointChange[] {
  return [...usable.values()]
    .filter(({ secrets }) => secrets.length > 0)
    .map((entry) => ({ entry, action: 'endpoints.reseal', facts: {} }))
}

const LONGEST_SECRET = 1024

/**
 * A secret as somebody handed it in, without its line's end.
 *
 * @throws CliFault that does not repeat it
 */
export function givenSecret(text: string): string {
  const value = text.replace(/\r?\n$/, '')
  const isPlain = /^[\x21-\x7e]+$/.test(value) && value.length <= LONGEST_SECRET
  if (value.length < 8 || !isPlain) {
    throw usageFault(
      'standard input must hold one secret: 8 to 1024 visible characters on one line',
    )
  }
  return value
}
