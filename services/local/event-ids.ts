import { randomBytes } from 'node:crypto'

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TIME_DIGITS = 10
const RANDOM_DIGITS = 16
const RANDOM_BITS = 80n

function digits(value: bigint, count: number): string {
  let text = ''
  let rest = value
  for (let i = 0; i < count; i += 1) {
    text = CROCKFORD.charAt(Number(rest & 31n)) + text
    rest >>= 5n
  }
  return text
}

function randomPart(): bigint {
  return BigInt(`0x${randomBytes(Number(RANDOM_BITS) / 8).toString('hex')}`)
}

/**
 * Makes ids as QairoPay's look, a prefix and a ULID, that sort in the order they were made: within
 * a millisecond, or when the clock goes backwards, the random part counts on.
 */
export function sortableIds(prefix: string, now: () => number): () => string {
  let lastMs = -1
  let random = 0n
  return () => {
    const nowMs = now()
    // The upper bit stays free, so that counting on cannot overflow.
    random = nowMs > lastMs ? randomPart() >> 1n : random + 1n
    lastMs = Math.max(lastMs, nowMs)
    return `${prefix}${digits(BigInt(lastMs), TIME_DIGITS)}${digits(random, RANDOM_DIGITS)}`
  }
}

/** Makes event ids, `evt_` and a ULID. */
export function eventIds(now: () => number): () => string {
  return sortableIds('evt_', now)
}
