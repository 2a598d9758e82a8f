import type { Envelope } from '#core/envelope.ts'
import type { ErrorCode } from '#core/errors.ts'
import type { QuarantineReason } from '#core/outcome.ts'
import type { Domain } from '#core/routing.ts'
import { domainOf } from '#core/routing.ts'
import { versionAction } from '#core/versions.ts'
import type { EventEncoder } from '#platform/avro/event-encoder.ts'
import type { Endpoint } from './endpoints.ts'
import type { RouteTable } from './routes.ts'

/** What is to be done with a verified, readable event. */
export type Decision =
  | {
      readonly kind: 'route'
      readonly domain: Domain
      readonly topic: string
      readonly encoder: EventEncoder
      /** Routed as ever, but worth a warning: the sender will end this version. */
      readonly retired: boolean
    }
  | { readonly kind: 'set_aside'; readonly reason: QuarantineReason; readonly detail: string }
  | { readonly kind: 'refuse'; readonly code: ErrorCode }

export interface DecisionInput {
  readonly endpoint: Pick<Endpoint, 'mode'>
  readonly envelope: Envelope
  readonly stale: boolean
  readonly staleSignature: 'quarantine' | 'reject' | 'accept'
  readonly table: RouteTable
  /** Whether "unknown version" can be told from "not heard of yet". */
  readonly leaseHeld: boolean
}

/**
 * Step 5 of a webhook's life: the body must say the same tenant and mode as the endpoint. The mode
 * comes first: sandbox and live are separate tenants, so what crosses over differs in both, and that
 * it crossed is what must be heard.
 */
export function bindingFault(
  { tenantId, liveMode }: Pick<Endpoint, 'tenantId' | 'liveMode'>,
  envelope: Envelope,
): 'tenant_mismatch' | 'mode_mismatch' | null {
  if (envelope.liveMode !== liveMode) return 'mode_mismatch'
  return envelope.tenantId === tenantId ? null : 'tenant_mismatch'
}

/** Step 6: where a bound event goes. Pure; the table of answers is `responses.md`. */
export function decide(input: DecisionInput): Decision {
  const { stale, staleSignature } = input
  if (stale && staleSignature === 'reject') {
    return { kind: 'refuse', code: 'timestamp_out_of_tolerance' }
  }
  if (stale && staleSignature === 'quarantine') {
    return { kind: 'set_aside', reason: 'stale_signature', detail: 'outside the tolerance' }
  }
  return routed(input)
}

function routed({ endpoint, envelope, table, leaseHeld }: DecisionInput): Decision {
  // Before the first registration nothing can be told apart; the sender comes back.
  if (table.versions.size === 0) return { kind: 'refuse', code: 'catalogue_unavailable' }
  const version = table.versions.get(envelope.apiVersion)
  const state = version?.state ?? 'unknown'
  const action = versionAction(state, leaseHeld)
  if (action === 'set_aside') {
    const detail = version === undefined ? 'not in the catalogue' : 'not routed yet'
    return { kind: 'set_aside', reason: 'unknown_version', detail }
  }
  const domain = domainOf(envelope.type)
  const encoder = version?.encoders[domain] ?? null
  if (action === 'retry' || encoder === null) {
    const code = state === 'draining' ? 'version_draining' : 'catalogue_unavailable'
    return { kind: 'refuse', code }
  }
  const topic = table.topics[endpoint.mode].events[domain]
  return { kind: 'route', domain, topic, encoder, retired: state === 'retired' }
}
