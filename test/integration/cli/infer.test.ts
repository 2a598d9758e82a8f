import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { runCli } from '../../fixtures/cli.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const PREFIX = 'infertest'
const VERSION = '2026-09-01'
const log = createLogger({ service: 'test', level: 'silent' })
const connection: KafkaConnection = {
  brokers: [inject('kafkaBrokers')],
  clientId: 'infer-test',
  ssl: false,
  sasl: null,
}
const environment = { KAFKA_BROKERS: inject('kafkaBrokers'), TOPIC_PREFIX: PREFIX }

function event(n: number): string {
  const card = { id: `card_${n}`, status: 'active', owner_phone: `+1 555 ${n}`, network: 'visa' }
  const data = { card: n % 2 === 0 ? card : { ...card, network: null } }
  const created = '2026-09-02T08:00:00.000Z'
  const rest = { tenant_id: `tnt_${n % 20}`, live_mode: false, api_version: VERSION, data }
  return JSON.stringify({ id: `evt_${n}`, type: 'card.created', created, ...rest })
}

async function produce(mode: string, values: readonly (string | null)[], reason: string) {
  const topic = `${PREFIX}.${mode}.quarantine`
  await ensureTopics(
    connection,
    [{ name: topic, partitions: 3, replicationFactor: 1, settings: {} }],
    log,
  )
  const producer = kafkaClient(connection, log, 2).producer()
  await producer.connect()
  const headers = { reason, api_version: VERSION }
  await producer.send({ topic, messages: values.map((value) => ({ value, headers })) })
  await producer.disconnect()
}

beforeAll(async () => {
  const events = Array.from({ length: 300 }, (_, n) => event(n))
  await produce('sandbox', [...events, null, 'broken'], 'unknown_version')
  await produce('sandbox', [event(7)], 'malformed')
  await produce('live', [event(301)], 'unknown_version')
})

function infer(...args: readonly string[]) {
  return runCli(['schemas', 'infer', '--version', VERSION, ...args], { environment })
}

describe('schemas infer', () => {
  it('writes a folder that passes the check, without a value of any event', async () => {
    const folder = await temporaryFolder('infer')
    onTestFinished(() => folder.remove())
    const out = join(folder.path, VERSION)
    const run = await infer('--mode', 'sandbox', '--out', out)
    expect([run.code, run.out]).toEqual([0, expect.stringContaining(`wrote ${out}`)])
    expect(run.out).toContain(`300 events of ${VERSION}, held against 2026-05-19`)
    expect(run.out).toContain('1 records are no events of it')
    expect(run.out).toContain('+ card.network: new: string (seen in 300 of 300)')
    expect(run.out).toContain('- card.program_id: never seen')

    const check = await runCli(['schemas', 'check', out, '--offline'])
    expect([check.code, check.err]).toEqual([0, ''])
    expect(check.out).toContain('+ card.owner_phone (string)')

    const names = (await readdir(folder.path, { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile(),
    )
    expect(names).toHaveLength(7)
    const texts = await Promise.all(
      names.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
    )
    expect([...texts, run.out].join('\n')).not.toMatch(/555|visa|card_[1-9]|evt_299/)

    const again = await infer('--out', out)
    expect([again.code, again.out]).toEqual([2, ''])
    expect(again.err).toMatch(/nothing is overwritten/)
  })

  it('reads both modes, or what was set aside since, and leaves nothing without --out', async () => {
    expect((await infer('--since', '1h')).out).toContain(`301 events of ${VERSION}`)
    const future = await infer('--since', '2100-01-01')
    expect([future.code, future.out]).toEqual([1, ''])
    expect(future.err).toMatch(/no event of version 2026-09-01 was set aside as unknown/)
  })
})
