import type { ErrorCode } from '#core/errors.ts'
import type { Endpoint } from './endpoints.ts'

/** The type of the synchronous decision call (contract, section 4), which is no event. */
export const SYNCHRONOUS_CALL = 'card.transaction.authorization_request'

/**
 * What a call says of itself. The form of its body is not published, so each of these may be
 * missing (undefined) or anything.
 */
export interface SynchronousCall {
  readonly tenantId: unknown
  readonly liveMode: unknown
}

/** The call that a parsed body is, or null when it is something else. */
export function synchronousCall(body: unknown): SynchronousCall | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null
  const own = (name: string): unknown =>
    Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined
  if (own('type') !== SYNCHRONOUS_CALL) return null
  return { tenantId: own('tenant_id'), liveMode: own('live_mode') }
}

export type CallAdmission =
  | { readonly kind: 'ask'; readonly url: URL }
  | {
      readonly kind: 'refuse'
      readonly code: ErrorCode
      readonly mismatch: CallMismatch
    }

/** What a call says, and is not the endpoint's. */
export type CallMismatch = 'tenant_mismatch' | 'mode_mismatch' | null

function refuse(code: ErrorCode, mismatch: CallMismatch = null): CallAdmission {
  return { kind: 'refuse', code, mismatch }
}

/**
 * Whether a call may be passed on. What it says of its tenant and mode must be the endpoint's; an
 * old signature is refused whatever the policy for events, since nobody waits for the answer.
 */
export function callAdmission(
  { tenantId, liveMode, decisionUrl }: Endpoint,
  call: SynchronousCall,
  stale: boolean,
): CallAdmission {
  // The mode first, as for events (`bindingFault`).
  if (call.liveMode !== undefined && call.liveMode !== liveMode) {
    return refuse('call_mismatch', 'mode_mismatch')
  }
  if (call.tenantId !== undefined && call.tenantId !== tenantId) {
    return refuse('call_mismatch', 'tenant_mismatch')
  }
  if (decisionUrl === null) return refuse('synchronous_call')
  return stale ? refuse('timestamp_out_of_tolerance') : { kind: 'ask', url: decisionUrl }
}
