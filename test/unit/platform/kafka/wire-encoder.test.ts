import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { thriftyBatches } from '#platform/kafka/record-batch.ts'
import type { WireEncoder } from '#platform/kafka/wire-encoder.ts'
import { Encoder, thriftyEncoders } from '#platform/kafka/wire-encoder.ts'

interface Request {
  readonly correlationId: number
  readonly clientId: string
  readonly request: unknown
}

const KIB = 1024
const PROTOCOL = 'kafkajs/src/protocol/'
const require = createRequire(import.meta.url)

/** What kafkajs writes to the socket for one produce request, by its modules of now. */
async function produced(records: number, value: Buffer): Promise<WireEncoder> {
  const wire = require(`${PROTOCOL}request.js`) as (request: Request) => Promise<WireEncoder>
  const produce = require(`${PROTOCOL}requests/produce/index.js`) as {
    protocol(of: { version: number }): (request: object) => { request: unknown }
  }
  const partitions = [0, 1].map((partition) => ({
    partition,
    firstSequence: 0,
    messages: Array.from({ length: records }, (_, n) => ({
      key: `tnt_${n}`,
      value,
      timestamp: '1795650000000',
      headers: { ce_id: `evt_${n}`, ce_type: 'card.transaction.authorized' },
    })),
  }))
  const topicData = [{ topic: 'qairopay.sandbox.card', partitions }]
  const { request } = produce.protocol({ version: 7 })({ acks: -1, timeout: 2500, topicData })
  return await wire({ correlationId: 1, clientId: 'test', request })
}

function withoutKafkajs(): readonly (readonly [string, NodeJS.Module | undefined])[] {
  const own = Object.entries(require.cache).filter(([file]) => file.includes('/kafkajs/'))
  for (const [file] of own) delete require.cache[file]
  return own
}

/** With kafkajs's modules loaded anew, so that nothing of them is changed. */
async function asBefore<T>(run: () => Promise<T>): Promise<T> {
  const changed = withoutKafkajs()
  try {
    return await run()
  } finally {
    withoutKafkajs()
    for (const [file, module] of changed) require.cache[file] = module
  }
}

describe('a request to Kafka', () => {
  it('has the same bytes as kafkajs gives it, large or small', async () => {
    for (const [records, bytes] of [
      [3, 70 * KIB],
      [100, 2 * KIB],
      [2, 10],
    ] as const) {
      const value = Buffer.alloc(bytes, 'value ')
      const before = await asBefore(() => produced(records, value))
      thriftyEncoders()
      thriftyBatches()
      const now = await produced(records, value)
      expect(now.buffer.equals(before.buffer)).toBe(true)
    }
  })

  it('leaves nothing behind but itself, without a collector', async () => {
    thriftyEncoders()
    thriftyBatches()
    const value = Buffer.alloc(70 * KIB, 'x')
    await produced(3, value)
    const before = process.memoryUsage().arrayBuffers
    const requests = await Promise.all(Array.from({ length: 20 }, () => produced(3, value)))
    const own = requests.reduce((sum, { buf }) => sum + buf.byteLength, 0)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(own + 1024 * KIB)
  })
})

describe('an encoder', () => {
  it('that was written into another cannot be written again', () => {
    thriftyEncoders()
    const inner = new Encoder()
    inner.writeBufferInternal(Buffer.alloc(5000, 'x'))
    expect(new Encoder().writeEncoder(inner).size()).toBe(5000)
    expect(() => new Encoder().writeEncoder(inner)).toThrow(TypeError)
    expect(() => new Encoder().writeEncoderArray([inner])).toThrow(TypeError)
  })
})
