/** Confluent's frame: a zero byte, then the schema id as an unsigned 32-bit big-endian number. */
export const FRAME_BYTES = 5

/** Writes the frame at the start of `target`. Throws when `schemaId` is no unsigned 32-bit number. */
export function writeFrame(target: Buffer, schemaId: number): void {
  target.writeUInt8(0, 0)
  target.writeUInt32BE(schemaId, 1)
}

/** The schema id of a framed value, or null when the value carries no frame. */
export function schemaIdOf(value: Uint8Array): number | null {
  if (value.length < FRAME_BYTES || value[0] !== 0) return null
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(1)
}
