import type { KeyObject } from 'node:crypto'
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'

/**
 * QairoPay's signature (contract, section 2): `t=<unix seconds>,v1=<hex>`, HMAC-SHA256 over
 * `<t>.<raw body>`, keyed with the UTF-8 bytes of the endpoint's secret. Pure but for the HMAC.
 */
export interface SignatureHeader {
  /** The digits of `t` exactly as sent, since they are what was signed. */
  readonly signedAtText: string
  readonly signedAtSeconds: number
  readonly candidates: readonly Buffer[]
}

declare const verified: unique symbol
/** Bytes whose signature was checked, now or before they were set aside; only these are parsed. */
export type VerifiedBody = Buffer & { readonly [verified]: true }

/** Bytes that an ingress verified before it set them aside; it sets nothing else aside. */
export function verifiedBefore(body: Buffer): VerifiedBody {
  return body as VerifiedBody
}

export type Verification =
  | {
      readonly kind: 'verified'
      readonly body: VerifiedBody
      /** The time of the signature lies outside the tolerance, before or after now. */
      readonly stale: boolean
      /** Which secret matched. */
      readonly secretId: string
    }
  /** Only secrets beyond their time match: the sender still signs with one that we gave up. */
  | { readonly kind: 'expired'; readonly secretId: string }
  | { readonly kind: 'invalid' }

export interface SigningSecret {
  readonly id: string
  readonly key: KeyObject
  /** Milliseconds since the epoch; from then on it verifies nothing. */
  readonly notAfterMs: number | null
}

/** Whether a secret may still verify, at a moment in milliseconds since the epoch. */
export function isUsable(
  { notAfterMs }: Pick<SigningSecret, 'notAfterMs'>,
  nowMs: number,
): boolean {
  return notAfterMs === null || nowMs < notAfterMs
}

const MAX_HEADER_LENGTH = 1024
/** Several `v1` stand there during a rotation; each costs a comparison, so they are few. */
const MAX_CANDIDATES = 8
const SECONDS = /^(?:0|[1-9]\d{0,11})$/
const HEX_DIGEST = /^[0-9a-f]{64}$/
const PART = /^([A-Za-z][A-Za-z0-9_]{0,15})=([\x21-\x2b\x2d-\x7e]+)$/

/** The key of an HMAC, made once per secret. */
export function signingKey(secret: string): KeyObject {
  return createSecretKey(Buffer.from(secret, 'utf8'))
}

/**
 * Reads the header strictly: exactly one `t`, one to eight `v1` of 64 lower-case hex digits, no
 * spaces and no empty parts. Other keys are other schemes and are ignored. Null when malformed.
 */
export function parseSignatureHeader(value: string): SignatureHeader | null {
  if (value.length > MAX_HEADER_LENGTH) return null
  let signedAtText: string | null = null
  const candidates: Buffer[] = []
  for (const part of value.split(',')) {
    const [, name, text] = PART.exec(part) ?? []
    if (name === undefined || text === undefined) return null
    if (name === 't') {
      if (signedAtText !== null || !SECONDS.test(text)) return null
      signedAtText = text
    } else if (name === 'v1') {
      if (!HEX_DIGEST.test(text) || candidates.length === MAX_CANDIDATES) return null
      candidates.push(Buffer.from(text, 'hex'))
    }
  }
  if (signedAtText === null || candidates.length === 0) return null
  return { signedAtText, signedAtSeconds: Number(signedAtText), candidates }
}

function digestOf(key: KeyObject, signedAtText: string, body: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${signedAtText}.`).update(body).digest()
}

/**
 * Compares every secret with every candidate, in constant time and without an early exit, so that
 * neither the number of matching digits nor the place of the match shows in the time. The first
 * usable secret that matches is named.
 *
 * @param nowSeconds the clock, in Unix seconds
 * @param toleranceSeconds how far `t` may lie from now, in both directions
 */
export function verify(
  header: SignatureHeader,
  body: Buffer,
  secrets: readonly SigningSecret[],
  nowSeconds: number,
  toleranceSeconds: number,
): Verification {
  let secretId: string | null = null
  let expiredId: string | null = null
  for (const secret of secrets) {
    const digest = digestOf(secret.key, header.signedAtText, body)
    const usable = isUsable(secret, nowSeconds * 1000)
    for (const candidate of header.candidates) {
      if (!timingSafeEqual(candidate, digest)) continue
      if (usable) secretId ??= secret.id
      else expiredId ??= secret.id
    }
  }
  if (secretId === null) {
    return expiredId === null ? { kind: 'invalid' } : { kind: 'expired', secretId: expiredId }
  }
  const stale = Math.abs(nowSeconds - header.signedAtSeconds) > toleranceSeconds
  return { kind: 'verified', body: body as VerifiedBody, stale, secretId }
}

/**
 * The header that QairoPay would send for these bytes; used by the signing sender and the tests.
 *
 * @param signedAtSeconds Unix seconds
 */
export function signatureHeader(secret: string, body: Uint8Array, signedAtSeconds: number): string {
  const t = String(signedAtSeconds)
  return `t=${t},v1=${digestOf(signingKey(secret), t, body).toString('hex')}`
}
