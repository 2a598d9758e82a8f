import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Attempt, OutgoingRecord } from '#core/commit.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import { recordSpan } from '#ingress/record-span.ts'
import { SecretUsage, secretUse } from '#ingress/secret-usage.ts'
import { SecretUsageWriter } from '#ingress/secret-usage-writer.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../fixtures/eventually.ts'

const NOON = Date.parse('2026-05-19T12:00:00Z')

function newUsage() {
  return new SecretUsage('t.endpoint-usage', 'instance')
}

function told(usage: SecretUsage) {
  return usage.unwritten().map(({ record }) => {
    return secretUse(record.key, Buffer.from(record.value ?? '').toString())
  })
}

describe('the usage of secrets', () => {
  it('tells for each secret how often it matched, and when first and last', () => {
    const usage = newUsage()
    usage.matched('whk_1', 'k1', NOON)
    usage.matched('whk_1', 'k1', NOON + 1)
    usage.matched('whk_2', 'k/1', NOON + 2)
    expect(told(usage)).toEqual([
      { endpointId: 'whk_1', secretId: 'k1', matched: 2, firstAtMs: NOON, lastAtMs: NOON + 1 },
      { endpointId: 'whk_2', secretId: 'k/1', matched: 1, firstAtMs: NOON + 2, lastAtMs: NOON + 2 },
    ])
    expect(usage.unwritten()[0]?.record).toMatchObject({
      topic: 't.endpoint-usage',
      partition: 0,
      key: 'whk_1/k1/instance',
    })
  })

  it('tells each figure once, until it changes', () => {
    const usage = newUsage()
    usage.matched('whk_1', 'k1', NOON)
    const [row] = usage.unwritten()
    usage.matched('whk_1', 'k1', NOON)
    row?.written()
    expect(told(usage)).toMatchObject([{ matched: 2 }])
    for (const { written } of usage.unwritten()) written()
    expect(usage.unwritten()).toEqual([])
  })

  it('forgets secrets that are not loaded any more, so that memory stays bounded', () => {
    const usage = newUsage()
    for (const id of ['k1', 'k2']) usage.matched('whk_1', id, NOON)
    usage.matched('whk_2', 'k1', NOON)
    const secrets = [{ id: 'k2', value: 'x' }]
    const endpoints = [{ id: 'whk_1', tenant_id: 'tnt_1', live_mode: true, secrets }]
    const result = parseEndpoints([{ endpoints }])
    usage.keepLoaded(result.ok ? result.endpoints : null)
    expect(told(usage)).toMatchObject([{ endpointId: 'whk_1', secretId: 'k2' }])
  })

  it.each([
    ['', '{}'],
    ['a/b', '{"matched":1,"first_at":"2026-05-19T12:00:00Z","last_at":"2026-05-19T12:00:00Z"}'],
    ['a/b/c', '{"matched":"1"}'],
    ['a/b/c', 'null'],
    ['a/b/c', 'x'],
    ['a/b/%', '{}'],
    ['a/b/c', '{"matched":1,"first_at":"soon","last_at":"2026-05-19T12:00:00Z"}'],
  ])('is not read from what is something else: %s %s', (key, value) => {
    expect(secretUse(key, value)).toBeNull()
  })
})

const lines: string[] = []
const log = createLogger({
  service: 'test',
  level: 'debug',
  destination: { write: (line) => void lines.push(line) },
})

function writing(usage: SecretUsage, intervalMs: number) {
  let answer: 'written' | 'refused' | 'none' = 'written'
  const sent: OutgoingRecord[] = []
  let attempts = 0
  let closed = false
  const sender = {
    attempt: async (batch: readonly OutgoingRecord[]): Promise<Attempt> => {
      attempts += 1
      await turn()
      if (answer === 'none') return await new Promise(() => {})
      if (answer === 'refused') {
        return { kind: 'refused', scope: 'topic', reason: 'UNKNOWN_TOPIC_OR_PARTITION' }
      }
      sent.push(...batch)
      const place = { topic: 't.endpoint-usage', partition: 0, errorCode: 0, baseOffset: '0' }
      return { kind: 'answered', partitions: [place] }
    },
    close: async () => {
      closed = true
    },
  }
  const writer = new SecretUsageWriter({ usage, sender, intervalMs, log, now: () => NOON })
  return {
    writer,
    sent,
    attempts: () => attempts,
    isClosed: () => closed,
    answers: (next: typeof answer) => {
      answer = next
    },
  }
}

describe('the writer of the usage', () => {
  it('writes at the end what it did not write before, and closes', async () => {
    const usage = newUsage()
    const { writer, sent, isClosed } = writing(usage, 600_000)
    writer.start()
    usage.matched('whk_1', 'k1', NOON)
    await writer.stop()
    expect(sent.map(({ key }) => key)).toEqual(['whk_1/k1/instance', 'process/instance'])
    expect(isClosed()).toBe(true)
  })

  it('writes many in batches of two hundred', async () => {
    const usage = newUsage()
    const { writer, sent, attempts } = writing(usage, 600_000)
    for (let n = 0; n < 450; n += 1) usage.matched(`whk_${n}`, 'k1', NOON)
    await writer.stop()
    expect([sent.length, attempts()]).toEqual([451, 3])
  })

  it('complains once about a topic that is missing, and writes all when it is there', async () => {
    lines.length = 0
    const usage = newUsage()
    const { writer, sent, attempts, answers } = writing(usage, 1)
    answers('refused')
    usage.matched('whk_1', 'k1', NOON)
    writer.start()
    await eventually(() => attempts() > 3, { withinMs: 20_000, everyMs: 2 })
    expect(lines.filter((line) => line.includes('endpoint_usage.unwritten'))).toHaveLength(1)
    answers('written')
    const matched = () => sent.filter(({ key }) => key.startsWith('whk_1/')).length
    await eventually(() => matched() === 1, { withinMs: 20_000, everyMs: 2 })
    await writer.stop()
    expect(matched()).toBe(1)
  })

  it('says until when all that matched is written, also when nothing did', async () => {
    const { writer, sent } = writing(newUsage(), 1)
    writer.start()
    await eventually(() => sent.length > 1, { withinMs: 20_000, everyMs: 2 })
    await writer.stop()
    const spans = sent.map(({ key, value }) => recordSpan(key, Buffer.from(value ?? '').toString()))
    expect(new Set(sent.map(({ key }) => key))).toEqual(new Set(['process/instance']))
    expect(spans.at(-1)).toEqual({ sinceMs: NOON, untilMs: NOON, everyMs: 1 })
  })

  it('does not say so before it is true', async () => {
    const usage = newUsage()
    const { writer, sent, attempts, answers } = writing(usage, 600_000)
    for (let n = 0; n < 450; n += 1) usage.matched(`whk_${n}`, 'k1', NOON)
    answers('refused')
    await writer.stop()
    expect([attempts(), sent]).toEqual([1, []])
  })

  it('lets a stop end within seconds although Kafka does not answer', async () => {
    const usage = newUsage()
    const { writer, answers, isClosed } = writing(usage, 600_000)
    answers('none')
    usage.matched('whk_1', 'k1', NOON)
    await writer.stop()
    expect(isClosed()).toBe(true)
  })
})
