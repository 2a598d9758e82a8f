import type { Envelope } from '#core/envelope.ts'
import type { ErrorCode } from '#core/errors.ts'
import type { Outcome } from '#core/outcome.ts'
import type { Domain } from '#core/routing.ts'
import type { CallDecision } from './call-reception.ts'
import type { Endpoint } from './endpoints.ts'
import type { SignatureHeaderName } from './identification.ts'
import type { Limit, LimitRefusal } from './pressure.ts'

/** What names an event; the rest of it is not kept while it waits for Kafka. */
export type EventNames = Pick<Envelope, 'id' | 'type' | 'apiVersion'>

/** What became of a webhook, with all that the one line about it may tell. */
export interface Reception {
  readonly outcome: Outcome
  readonly endpoint: Endpoint | null
  readonly envelope: EventNames | null
  readonly domain: Domain | null
  /** A field or a rule of ours, never what was sent. */
  readonly detail: string | null
  readonly secretId: string | null
  /** Which limit a refusal met. */
  readonly limit: Limit | null
  /** How long to stay away, where that is known. */
  readonly retryAfterMs: number | null
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
  limit: null,
  retryAfterMs: null,
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

/** A webhook for which there is no room. */
export function limitRefusal(
  { code, ...known }: LimitRefusal,
  more?: Partial<Reception>,
): Reception {
  return refusal(code, { ...known, ...more })
}

/**
 * A reception whose outcome Kafka has yet to decide. Thousands may wait, so it holds nothing of a
 * body; neither may a function that awaits it.
 */
export interface Unsettled extends Omit<Reception, 'outcome'> {
  readonly outcome: Outcome | Promise<Outcome>
}

export function namesOf({ id, type, apiVersion }: Envelope): EventNames {
  return { id, type, apiVersion }
}

export async function settled(unsettled: Unsettled): Promise<Reception> {
  return { ...unsettled, outcome: await unsettled.outcome }
}
