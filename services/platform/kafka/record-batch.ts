import { createRequire } from 'node:module'
import type { WireEncoder } from './wire-encoder.ts'
import { Encoder } from './wire-encoder.ts'

/** What kafkajs hands over of one partition's records, each encoded already. */
export interface RecordBatchParts {
  readonly compression?: number
  readonly transactional?: boolean
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  /** The library's own long. */
  readonly producerId: unknown
  readonly producerEpoch: number
  readonly firstSequence: number
  readonly lastOffsetDelta: number
  readonly records: readonly WireEncoder[]
}

type MakeBatch = (parts: RecordBatchParts) => Promise<WireEncoder>

const require = createRequire(import.meta.url)
const format = require('kafkajs/src/protocol/recordBatch/v0/index.js') as {
  readonly MAGIC_BYTE: number
  RecordBatch: MakeBatch
}
const crc32C = require('kafkajs/src/protocol/recordBatch/crc32C/index.js') as (
  bytes: Buffer,
) => number

/** kafkajs's own, which copies every record three times. */
export const copyingBatch = format.RecordBatch

/** Before the records: offset, length, epoch of the leader, magic, CRC, and what the CRC covers. */
const HEAD_BYTES = 61
/** Of the offset and the length itself. */
const UNCOUNTED_BYTES = 12
const CRC_AT = 17
const CHECKED_FROM = 21

/** A record batch (magic 2) as kafkajs writes it, in one piece of memory. */
export async function recordBatch(parts: RecordBatchParts): Promise<WireEncoder> {
  const { compression = 0, transactional = false, records } = parts
  if (compression !== 0 || transactional) return await copyingBatch(parts)
  const bytes = records.reduce((sum, record) => sum + record.size(), HEAD_BYTES)
  const batch = new Encoder()
  batch.ensureAvailable(bytes)
  batch
    .writeInt64(0)
    .writeInt32(bytes - UNCOUNTED_BYTES)
    .writeInt32(0)
    .writeInt8(format.MAGIC_BYTE)
    .writeUInt32(0)
    .writeInt16(0)
    .writeInt32(parts.lastOffsetDelta)
    .writeInt64(parts.firstTimestamp)
    .writeInt64(parts.maxTimestamp)
    .writeInt64(parts.producerId)
    .writeInt16(parts.producerEpoch)
    .writeInt32(parts.firstSequence)
    .writeInt32(records.length)
    .writeEncoderArray(records)
  batch.buf.writeUInt32BE(crc32C(batch.buf.subarray(CHECKED_FROM, batch.offset)), CRC_AT)
  return batch
}

/** Makes kafkajs use it; before the first record is sent, since it looks it up then, once. */
export function thriftyBatches(): void {
  format.RecordBatch = recordBatch
}
