import { randomUUID } from 'node:crypto'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { startConsumer } from '#consumers/runtime/consumer.ts'
import type { ConsumerSettings } from '#consumers/runtime/settings.ts'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { createLogger } from '#platform/log.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { readLog } from '../../fixtures/log-reader.ts'
import type { HttpAnswer, StageOptions } from './stage.ts'
import { IngressStage, newEndpoint, sampleFor } from './stage.ts'

const endpoint = newEndpoint()
const stages: IngressStage[] = []

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.stop()))
})

async function set(options: StageOptions = {}): Promise<IngressStage> {
  const stage = await IngressStage.set({ endpoints: [endpoint], ...options })
  stages.push(stage)
  return stage
}

function wordOf({ status, body }: HttpAnswer): string {
  return `${status} ${body.set_aside ?? (body.duplicate === true ? 'duplicate' : 'stored')}`
}

/** One event, and other bodies under its id. */
async function copies(count: number): Promise<readonly string[]> {
  const text = await sampleFor(endpoint)
  return Array.from({ length: count }, (_, i) => `${text}${' '.repeat(i)}`)
}

describe('the same id with another body', () => {
  it('is set aside with an alarm as often as it comes, and the first body stays a duplicate', async () => {
    const stage = await set()
    const [first = '', second = '', third = ''] = await copies(3)
    const words: string[] = []
    for (const body of [first, second, second, third, first])
      words.push(wordOf(await stage.send(body)))
    const aside = '202 id_conflict'
    expect(words).toEqual(['200 stored', aside, aside, aside, '200 duplicate'])
    expect(await stage.metric('ingress_alarms_total')).toBe(3)
    const topics = [stage.topic('card'), stage.topic('quarantine')]
    const records = await readLog({ brokers: stage.brokers, topics })
    const aside2 = records.filter(({ topic }) => topic === stage.topic('quarantine'))
    expect(records.length - aside2.length).toBe(1)
    expect(aside2.map(({ value }) => value?.toString()).sort()).toEqual(
      [second, second, third].sort(),
    )
    expect(aside2.every(({ headers }) => headers.reason === 'id_conflict')).toBe(true)
  })

  it('is noticed while the first is still on its way', async () => {
    const stage = await set()
    for (let round = 0; round < 5; round += 1) {
      const bodies = await copies(8)
      const answers = await Promise.all(bodies.map((body) => stage.send(body)))
      const words = answers.map(wordOf).sort()
      expect(words).toEqual(['200 stored', ...Array.from({ length: 7 }, () => '202 id_conflict')])
    }
  })

  it('of another tenant or mode is another event', async () => {
    const other = newEndpoint({ live_mode: true })
    const stage = await set({ endpoints: [endpoint, other] })
    const id = `evt_${randomUUID()}`
    for (const one of [endpoint, other]) {
      const body = await sampleFor(one, undefined, undefined, { id })
      expect(wordOf(await stage.send(body, one))).toBe('200 stored')
    }
  })

  it('is not known to another ingress, nor after a restart: consumers set it aside', async () => {
    const first = await set()
    const beside = await set({ prefix: first.prefix })
    const [body = '', other = '', third = ''] = await copies(3)
    expect(wordOf(await first.send(body))).toBe('200 stored')
    expect(wordOf(await beside.send(other))).toBe('200 stored')
    await first.ingress.stop()
    const restarted = await set({ prefix: first.prefix })
    expect(wordOf(await restarted.send(third))).toBe('200 stored')
    const { id } = JSON.parse(body)
    expect(await conflictsAt(first.prefix, id)).toEqual([other, third])
  })
})

/** The bodies that the consumer of cards set aside under the id, in the order of the topic. */
async function conflictsAt(prefix: string, id: string): Promise<readonly string[]> {
  const url = inject('databaseUrl')
  const log = createLogger({ service: 'test', level: 'silent' })
  const settings = loadSettings(CONSUMER_SETTINGS, {
    KAFKA_BROKERS: inject('kafkaBrokers'),
    DATABASE_URL: url,
    TOPIC_PREFIX: prefix,
    MODES: 'sandbox',
  }) as ConsumerSettings
  const onFatal = (error: unknown) => {
    throw error
  }
  const metrics = new Registry()
  const running = startConsumer({ domain: cardConsumer, settings, log, metrics, onFatal })
  const reading = { url, applicationName: 'test', poolSize: 1, statementTimeoutMs: 10_000, log }
  const database = openDatabase(reading)
  const text = `SELECT value FROM runtime.set_aside
    WHERE event_id = $1 AND reason = 'id_conflict' ORDER BY record_offset`
  try {
    return await eventually(
      async () => {
        const rows = await database.session((connection) =>
          connection.query({ text, values: [id] }),
        )
        if (rows.length < 2) return null
        return rows.map(({ value }) => {
          const bytes = value as Buffer
          // The body is the last field of every record.
          return bytes.subarray(bytes.indexOf('{"id"')).toString()
        })
      },
      { withinMs: 60_000 },
    )
  } finally {
    await running.stop()
    await database.end()
  }
}
