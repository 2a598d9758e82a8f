/** A usual event is smaller: giving each of them back costs 4 % of the ingress's time. */
const LEAST_BYTES = 4096

/**
 * Gives the memory of bytes that nobody needs any more back at once. They are outside of the heap,
 * and the collector lets 64 MiB of them pile up before it looks. Whoever reads them afterwards
 * finds nothing, so only their one owner may do this; bytes that share memory with others stay.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < LEAST_BYTES || buffer.byteLength !== byteLength) return
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
