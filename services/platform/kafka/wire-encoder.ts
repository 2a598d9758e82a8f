import { createRequire } from 'node:module'
import { giveBack } from '../spent-bytes.ts'

/** What we use of kafkajs's encoder: bytes that grow. */
export interface WireEncoder {
  buf: Buffer
  offset: number
  readonly buffer: Buffer
  size(): number
  ensureAvailable(length: number): void
  writeBufferInternal(bytes: Buffer): void
  writeInt8(value: number): this
  writeInt16(value: number): this
  writeInt32(value: number): this
  writeUInt32(value: number): this
  /** Of a number, or of the library's own long. */
  writeInt64(value: unknown): this
  writeEncoder(other: WireEncoder): this
  writeEncoderArray(others: readonly WireEncoder[]): this
}

const require = createRequire(import.meta.url)
export const Encoder = require('kafkajs/src/protocol/encoder.js') as new () => WireEncoder

/** Headers and the like that follow a large value need no second growth. */
const ROOM_BYTES = 1024

function ensureAvailable(this: WireEncoder, length: number): void {
  const needed = this.offset + length
  if (needed <= this.buf.length) return
  const old = this.buf
  const grown = Buffer.allocUnsafeSlow(Math.max(2 * old.length, needed + ROOM_BYTES))
  old.copy(grown, 0, 0, this.offset)
  this.buf = grown
  giveBack(old)
}

/** An encoder is written into one other and not read again; one that is all the same throws. */
function take(into: WireEncoder, other: WireEncoder): void {
  into.writeBufferInternal(other.buffer)
  giveBack(other.buf)
  if (other.buf.length < other.offset) (other as { buf: unknown }).buf = null
}

function writeEncoder(this: WireEncoder, other: WireEncoder): WireEncoder {
  take(this, other)
  return this
}

function writeEncoderArray(this: WireEncoder, others: readonly WireEncoder[]): WireEncoder {
  this.ensureAvailable(others.reduce((sum, other) => sum + other.size(), 0))
  for (const other of others) take(this, other)
  return this
}

let thrifty = false

/**
 * kafkajs copies what it sends from one encoder into the next, eight times from a record to the
 * socket, and leaves each copy to the collector: a batch of 200 KiB leaves 4 MiB of them. From now
 * on in this process a copy is given back as soon as the next one has it.
 */
export function thriftyEncoders(): void {
  if (thrifty) return
  thrifty = true
  Object.assign(Encoder.prototype, { ensureAvailable, writeEncoder, writeEncoderArray })
}
