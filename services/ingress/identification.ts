import { randomBytes } from 'node:crypto'
import type { ErrorCode } from '#core/errors.ts'
import { looksIssued } from '#core/ids.ts'
import type { EndpointStore, Knowledge } from './endpoint-store.ts'
import type { Endpoint } from './endpoints.ts'
import type { Limit } from './pressure.ts'
import type { SignatureHeader, VerifiedBody } from './signature.ts'
import { isUsable, parseSignatureHeader, signingKey, verify } from './signature.ts'

/** One request as it came, nothing of it trusted. */
export interface Webhook {
  /** From the path. */
  readonly endpointId: string
  /** Every `QairoPay-Signature` header of the request. */
  readonly signatures: readonly string[]
  /** Every `X-QairoPay-Signature` header, the name before 2026-02-01. */
  readonly oldSignatures: readonly string[]
  readonly traceparent: string | undefined
  readonly contentType: string | undefined
  /** When its headers had arrived, on the clock of `performance.now()`. */
  readonly arrivedAtMs: number
  readonly body: Buffer
}

/** The names of the header, now and before 2026-02-01. */
export const SIGNATURE_HEADERS = ['QairoPay-Signature', 'X-QairoPay-Signature'] as const
export type SignatureHeaderName = (typeof SIGNATURE_HEADERS)[number]

/** The one header that counted, as it came. */
interface CarriedSignature {
  readonly name: SignatureHeaderName
  readonly value: string
}

/** A webhook that QairoPay signed for this endpoint. */
export interface VerifiedWebhook {
  readonly kind: 'verified'
  readonly endpoint: Endpoint
  readonly body: VerifiedBody
  /** The time of the signature lies outside the tolerance. */
  readonly stale: boolean
  /** Unix seconds, as sent. */
  readonly signedAt: string
  readonly secretId: string
  readonly signature: CarriedSignature
}

export type Identification =
  | VerifiedWebhook
  | {
      readonly kind: 'refused'
      readonly code: ErrorCode
      /** Null unless the endpoint is one of ours; what came in the path is not repeated. */
      readonly endpoint: Endpoint | null
      /** The secret that matched although it is beyond its time. */
      readonly secretId: string | null
      /** Which limit was met, if one was. */
      readonly limit: Limit | null
    }

export interface IdentificationPolicy {
  readonly toleranceSeconds: number
  /** Whether the old header is read where the new one is missing. */
  readonly oldSignatureHeader: boolean
  /** What an id is answered that was never seen but may be being set up: 503 or 404. */
  readonly unseenEndpoint: 'retry' | 'refuse'
  /** Bytes of bodies that may wait for a look at the endpoints, all together. */
  readonly waitingBytes: number
}

/** A secret verified a webhook at a moment in milliseconds since the epoch; must be quick. */
export type SecretMatched = (endpointId: string, secretId: string, atMs: number) => void

/** What destroys the event because of something that is not among the endpoints. */
const FINAL_ON_KNOWLEDGE: ReadonlySet<ErrorCode> = new Set([
  'invalid_signature',
  'unknown_endpoint',
])

/** Where there is no secret one HMAC is computed all the same, so that time tells nothing. */
const DECOY_KEY = signingKey(randomBytes(32).toString('hex'))
const DECOYS = [{ id: 'decoy', key: DECOY_KEY, notAfterMs: null }]

function refused(
  code: ErrorCode,
  endpoint: Endpoint | null = null,
  secretId: string | null = null,
  limit: Limit | null = null,
): Identification {
  return { kind: 'refused', code, endpoint, secretId, limit }
}

/** A well-formed signature header and where it came from. */
interface ReadSignature extends SignatureHeader {
  readonly carried: CarriedSignature
}

/**
 * The one signature header, read strictly; null when there is none, two, or a malformed one. The
 * old header counts only where the new one is missing, so that it cannot weaken a new one.
 */
function headerOf(webhook: Webhook, oldSignatureHeader: boolean): ReadSignature | null {
  const { signatures, oldSignatures } = webhook
  const isOld = signatures.length === 0 && oldSignatureHeader
  const values = isOld ? oldSignatures : signatures
  const [value] = values
  const header = value === undefined || values.length > 1 ? null : parseSignatureHeader(value)
  if (value === undefined || header === null) return null
  return { ...header, carried: { name: SIGNATURE_HEADERS[isOld ? 1 : 0], value } }
}

/** Steps 2 and 3 of a webhook's life: which endpoint, and did QairoPay sign it. */
export class Identifier {
  readonly #store: EndpointStore
  readonly #policy: IdentificationPolicy
  readonly #now: () => number
  readonly #matched: SecretMatched
  #waitingBytes = 0

  /** @param now milliseconds since the epoch */
  constructor(
    store: EndpointStore,
    policy: IdentificationPolicy,
    now: () => number,
    matched: SecretMatched = () => {},
  ) {
    this.#store = store
    this.#policy = policy
    this.#now = now
    this.#matched = matched
  }

  /**
   * Never rejects for what a caller sent. A signature or endpoint that does not match is tried
   * again after the secrets were reloaded, since a rotation may be younger than the last look. Its
   * body is held meanwhile, and nobody is known to have sent it: beyond `waitingBytes` the answer
   * is that there is too much, never that the signature is wrong.
   */
  async identify(webhook: Webhook): Promise<Identification> {
    if (this.#store.current() === null) return refused('endpoints_not_loaded')
    const header = headerOf(webhook, this.#policy.oldSignatureHeader)
    if (header === null) return refused('malformed_header')
    const first = this.#check(webhook, header)
    if (first.kind === 'verified') return this.#noted(first)
    const knowledge = await this.#looked(webhook.body)
    if (knowledge === null) return refused('overloaded', first.endpoint, null, 'body_bytes')
    const second = this.#noted(this.#check(webhook, header))
    const isFinal = second.kind === 'refused' && FINAL_ON_KNOWLEDGE.has(second.code)
    const isUncertain = knowledge === 'unknown' || this.#store.doubted(webhook.endpointId)
    // The secret or the endpoint may be in what could not be read, so nothing final is said.
    return isFinal && isUncertain ? refused('endpoints_uncertain', second.endpoint) : second
  }

  /** Waits for a look at the endpoints; null when too much waits for it already. */
  async #looked({ buffer: { byteLength } }: Buffer): Promise<Knowledge | null> {
    if (this.#waitingBytes + byteLength > this.#policy.waitingBytes) return null
    this.#waitingBytes += byteLength
    try {
      return await this.#store.refresh()
    } finally {
      this.#waitingBytes -= byteLength
    }
  }

  /** Also of a secret beyond its time: that it is still signed with is what an operator must know. */
  #noted(result: Identification): Identification {
    if (result.endpoint !== null && result.secretId !== null) {
      this.#matched(result.endpoint.id, result.secretId, this.#now())
    }
    return result
  }

  #check(webhook: Webhook, header: ReadSignature): Identification {
    const endpoint = this.#store.current()?.get(webhook.endpointId) ?? null
    const nowMs = this.#now()
    const nowSeconds = Math.floor(nowMs / 1000)
    const { toleranceSeconds } = this.#policy
    const secrets = endpoint === null || endpoint.secrets.length === 0 ? DECOYS : endpoint.secrets
    const result = verify(header, webhook.body, secrets, nowSeconds, toleranceSeconds)
    if (endpoint === null) return refused(this.#unknown(webhook.endpointId))
    if (endpoint.state === 'removed') return refused('endpoint_removed', endpoint)
    if (endpoint.state === 'disabled') return refused('endpoint_disabled', endpoint)
    // Not 400, which would destroy what the sender signs rightly while we lack its secret.
    if (result.kind === 'expired') return refused('expired_secret', endpoint, result.secretId)
    if (result.kind === 'invalid') {
      const usable = endpoint.secrets.some((secret) => isUsable(secret, nowMs))
      return refused(usable ? 'invalid_signature' : 'no_usable_secret', endpoint)
    }
    const { body, stale, secretId } = result
    const { signedAtText: signedAt, carried: signature } = header
    return { kind: 'verified', endpoint, body, stale, signedAt, secretId, signature }
  }

  #unknown(id: string): ErrorCode {
    // Only `removed` ends an endpoint: one that is merely gone was lost by a mistake of ours.
    if (this.#store.seen(id)) return 'endpoint_vanished'
    const mayAppear = this.#policy.unseenEndpoint === 'retry' && looksIssued(id)
    return mayAppear ? 'endpoint_unseen' : 'unknown_endpoint'
  }
}
