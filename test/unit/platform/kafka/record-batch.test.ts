import { createRequire } from 'node:module'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { RecordBatchParts } from '#platform/kafka/record-batch.ts'
import { copyingBatch, recordBatch } from '#platform/kafka/record-batch.ts'
import type { WireEncoder } from '#platform/kafka/wire-encoder.ts'
import { thriftyEncoders } from '#platform/kafka/wire-encoder.ts'

interface Message {
  readonly key: string
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}

const require = createRequire(import.meta.url)
const encoded = require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (
  message: Message & { readonly offsetDelta: number },
) => WireEncoder
const Long = require('kafkajs/src/utils/long.js') as { fromInt(value: number): unknown }

const NOW = 1_795_650_000_000

function partsOf(messages: readonly Message[]): RecordBatchParts {
  return {
    firstTimestamp: NOW,
    maxTimestamp: NOW,
    producerId: Long.fromInt(-1),
    producerEpoch: 0,
    firstSequence: 0,
    lastOffsetDelta: messages.length - 1,
    records: messages.map((message, offsetDelta) => encoded({ ...message, offsetDelta })),
  }
}

const message = fc.record({
  key: fc.string({ maxLength: 40 }),
  value: fc.option(fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes))),
  headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.string(), { maxKeys: 5 }),
})

beforeAll(thriftyEncoders)

describe('a batch of records', () => {
  it('has the same bytes as kafkajs\u2019s own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 20 }), async (messages) => {
        const theirs = await copyingBatch(partsOf(messages))
        expect((await recordBatch(partsOf(messages))).buffer).toEqual(theirs.buffer)
      }),
    )
  })

  it('has them also when a record is large', async () => {
    const large = { key: 'tnt_1', value: Buffer.alloc(2_500_000, 'x'), headers: { ce_id: 'evt_1' } }
    const messages = [{ ...large, value: null }, large, { ...large, value: Buffer.alloc(70_000) }]
    const theirs = await copyingBatch(partsOf(messages))
    const ours = await recordBatch(partsOf(messages))
    expect(ours.buffer.equals(theirs.buffer)).toBe(true)
  })

  it('is left to kafkajs when it is to be compressed or belongs to a transaction', async () => {
    const messages = [{ key: 'k', value: Buffer.alloc(9000, 'x'), headers: {} }]
    for (const more of [{ compression: 1 }, { transactional: true }]) {
      const theirs = await copyingBatch({ ...partsOf(messages), ...more })
      const ours = await recordBatch({ ...partsOf(messages), ...more })
      expect(ours.buffer).toEqual(theirs.buffer)
    }
  })
})
