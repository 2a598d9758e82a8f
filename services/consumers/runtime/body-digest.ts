import { hash } from 'node:crypto'

/**
 * The first eight bytes of a body's SHA-256, as Postgres' `bigint` holds them. Two bodies of one id are
 * alike by chance once in 10^19; a pair made alike on purpose takes 2^32 tries and the secret.
 */
export function bodyDigest(raw: Uint8Array): bigint {
  return hash('sha256', raw, 'buffer').readBigInt64BE(0)
}
