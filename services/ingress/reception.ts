import type { Envelope } from '#core/envelope.ts'
import type { ErrorCode } from '#core/errors.ts'
import type { Outcome } from '#core/outcome.ts'
import type { Domain } from '#core/routing.ts'
import type { CallDecision } from './call-reception.ts'
import type { Endpoint } from './endpoints.ts'
import type { SignatureHeaderName } from './identification.ts'

/** What became of a webhook, with all that the one line about it may tell. */
export interface Reception {
  readonly outcome: Outcome
  readonly endpoint: Endpoint | null
  readonly envelope: Envelope | null
  readonly domain: Domain | null
  /** A field or a rule of ours, never what was sent. */
  readonly detail: string | null
  readonly secretId: string | null
  /** The header that the signature came in; null for what was not verified. */
  readonly signatureHeader: SignatureHeaderName | null
  readonly staleSignature: boolean
  /** What a verified body says, and is not the endpoint's. */
  readonly mismatch: 'tenant_mismatch' | 'mode_mismatch' | null
  /** Of a synchronous call: how it went at the decision service, if it was passed on. */
  readonly call: { readonly decision: CallDecision | null } | null
  /** A value holds a card number. */
  readonly cardNumber: boolean
  readonly retiredVersion: boolean
  readonly unknownFields: number
  readonly ignoredFields: number
}

export const NOTHING_KNOWN: Omit<Reception, 'outcome'> = {
  endpoint: null,
  envelope: null,
  domain: null,
  detail: null,
  secretId: null,
  signatureHeader: null,
  staleSignature: false,
  mismatch: null,
  call: null,
  cardNumber: false,
  retiredVersion: false,
  unknownFields: 0,
  ignoredFields: 0,
}

/** A webhook that got no further than a refusal. */
export function refusal(code: ErrorCode, known: Partial<Reception> = {}): Reception {
  return { ...NOTHING_KNOWN, ...known, outcome: { kind: 'refused', code } }
}
