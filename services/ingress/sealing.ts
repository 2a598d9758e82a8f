import type { KeyObject } from 'node:crypto'
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import type { EndpointEntry } from './endpoint-entry.ts'

/** Keys by their ids; the first one seals, all of them open. */
export type SealingKeys = ReadonlyMap<string, KeyObject>

/** A sealed value, as a store keeps it. */
export interface Sealed {
  /** Id of the key. */
  readonly key: string
  /** base64 of nonce, tag and ciphertext. */
  readonly sealed: string
}

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
/** Random nonces of 96 bits are safe for 2^32 values of one key (NIST SP 800-38D, 8.3). */
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,63}):([A-Za-z0-9+/]{43}=)$/

/** Reads `id:base64` items, 32 bytes each; null when one of them is something else. */
export function sealingKeys(items: readonly string[]): SealingKeys | null {
  const keys = new Map<string, KeyObject>()
  for (const item of items) {
    const [, id, text] = KEY.exec(item) ?? []
    if (id === undefined || text === undefined || keys.has(id)) return null
    const bytes = Buffer.from(text, 'base64')
    if (bytes.length !== KEY_BYTES) return null
    keys.set(id, createSecretKey(bytes))
  }
  return keys.size === 0 ? null : keys
}

type Owner = Pick<EndpointEntry, 'id' | 'tenantId' | 'liveMode' | 'decisionUrl'>

/**
 * What a seal is bound to. A value that was moved to another row, or whose row was given to
 * another tenant, mode or decision service, opens no more.
 */
function boundTo({ id, tenantId, liveMode, decisionUrl }: Owner, secretId: string): Buffer {
  const parts = ['endpoint secret', id, tenantId, liveMode, decisionUrl, secretId]
  return Buffer.from(JSON.stringify(parts))
}

/** Seals the secret of an endpoint with the first key. */
export function seal(keys: SealingKeys, owner: Owner, secretId: string, value: string): Sealed {
  const [first] = keys
  if (first === undefined) throw new RangeError('there is no key to seal with')
  const [id, key] = first
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(boundTo(owner, secretId))
  const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
  return { key: id, sealed: Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64') }
}

/** The value, or null when the key is not there or the seal is broken. */
export function unseal(
  keys: SealingKeys,
  owner: Owner,
  secretId: string,
  sealed: Sealed,
): string | null {
  const key = keys.get(sealed.key)
  const bytes = Buffer.from(sealed.sealed, 'base64')
  if (key === undefined || bytes.length < NONCE_BYTES + TAG_BYTES) return null
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(boundTo(owner, secretId))
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  try {
    const text = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}
