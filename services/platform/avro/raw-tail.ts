import { FRAME_BYTES, schemaIdOf } from './confluent-frame.ts'

const OPEN_BRACE = 0x7b
const SPACE = 0x20
const CONTINUES = 0x80
/** 2^34 bytes, far above any record. */
const MOST_LENGTH_BYTES = 5

/** How many bytes follow when a length stands at `at` that reaches exactly to the end; or null. */
function lengthBytes(value: Uint8Array, at: number): number | null {
  let folded = 0
  let place = 1
  for (let n = 1; n <= MOST_LENGTH_BYTES; n += 1) {
    const byte = value[at + n - 1]
    if (byte === undefined) return null
    folded += (byte & 0x7f) * place
    place *= 128
    if (byte < CONTINUES) return folded === 2 * (value.length - at - n) ? n : null
  }
  return null
}

/**
 * What may be `raw` of an event's record, without its schema: `raw` is the last field in every
 * version, so its length reaches to the end of the record. Other bytes may look so by chance; the
 * right one is the first that is the JSON of an event, since the length that precedes `raw` makes
 * any longer one no JSON.
 */
export function* rawCandidates(value: Buffer): Generator<Buffer> {
  if (schemaIdOf(value) === null) return
  for (let at = FRAME_BYTES; at < value.length; at += 1) {
    const n = lengthBytes(value, at)
    const first = n === null ? undefined : value[at + n]
    if (n === null || first === undefined) continue
    if (first === OPEN_BRACE || first <= SPACE) yield value.subarray(at + n)
  }
}
