/**
 * The murmur2 of Kafka's Java client (seed 0x9747b28c), so that a tenant's records lie in the
 * partition that any other client would choose. Vectors made with the Java client are in
 * `test/vectors/murmur2.json`.
 */
const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/** The signed 32-bit murmur2 of the bytes. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let h = SEED ^ length
  const words = length >> 2
  for (let i = 0; i < words; i += 1) h = Math.imul(h, M) ^ mixed(word(bytes, i << 2))
  return avalanche(withTail(h, bytes, words << 2))
}

/** The partition of a key among `count`, as Java's default partitioner chooses it. */
export function partitionOf(key: Uint8Array, count: number): number {
  return (murmur2(key) & 0x7fffffff) % count
}

function byteAt(bytes: Uint8Array, i: number): number {
  return bytes[i] ?? 0
}

function word(bytes: Uint8Array, i: number): number {
  return (
    byteAt(bytes, i) |
    (byteAt(bytes, i + 1) << 8) |
    (byteAt(bytes, i + 2) << 16) |
    (byteAt(bytes, i + 3) << 24)
  )
}

function mixed(k: number): number {
  const first = Math.imul(k, M)
  return Math.imul(first ^ (first >>> R), M)
}

function withTail(h: number, bytes: Uint8Array, from: number): number {
  const rest = bytes.length - from
  if (rest === 0) return h
  let out = h
  if (rest === 3) out ^= byteAt(bytes, from + 2) << 16
  if (rest >= 2) out ^= byteAt(bytes, from + 1) << 8
  out ^= byteAt(bytes, from)
  return Math.imul(out, M)
}

function avalanche(h: number): number {
  const a = Math.imul(h ^ (h >>> 13), M)
  return a ^ (a >>> 15)
}
