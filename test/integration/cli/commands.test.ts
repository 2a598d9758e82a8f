import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { parseEnvelope } from '#core/envelope.ts'
import type { ApiVersion } from '#core/ids.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import type { CliRun } from '../../fixtures/cli.ts'
import { runCli } from '../../fixtures/cli.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { abandonedTailGroups } from '../../fixtures/tail-groups.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const PREFIX = 'clitest'
const TOPIC = `${PREFIX}.sandbox.pass`
const log = createLogger({ service: 'test', level: 'silent' })
const connection: KafkaConnection = {
  brokers: [inject('kafkaBrokers')],
  clientId: 'cli-test',
  ssl: false,
  sasl: null,
}
const environment = {
  KAFKA_BROKERS: inject('kafkaBrokers'),
  SCHEMA_REGISTRY_URL: inject('registryUrl'),
  TOPIC_PREFIX: PREFIX,
}

async function encodedSample(): Promise<Buffer> {
  const raw = await readFile('schemas/2026-05-19/samples/pass.created.json')
  const catalogue = await readCatalogue(connection, `${PREFIX}.control`, log, 20_000)
  const pass = catalogue?.get('2026-05-19' as ApiVersion)?.domains.pass
  if (pass === undefined) throw new Error('the catalogue lacks the version')
  const parsed = parseEnvelope(JSON.parse(raw.toString('utf8')))
  if (!parsed.ok) throw new Error(parsed.fault.field)
  const encoder = compileEventEncoder({ schemaText: pass.schema, schemaId: pass.schemaId })
  const result = encoder.encode({
    envelope: parsed.envelope,
    previousAttributesText: null,
    endpointId: 'whk_1',
    receivedAtMs: 1_780_000_000_000,
    staleSignature: false,
    raw,
  })
  if (!result.ok) throw new Error(result.path)
  return Buffer.from(result.value)
}

async function produce(topic: string, values: readonly Buffer[]): Promise<void> {
  const producer = kafkaClient(connection, log, 2).producer()
  await producer.connect()
  const messages = values.map((value) => ({
    key: 'tnt_1',
    value,
    headers: { reason: 'malformed' },
  }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

let registered: CliRun

beforeAll(async () => {
  registered = await runCli(['schemas', 'register'], { environment })
  const value = await encodedSample()
  await produce(TOPIC, [value, Buffer.from('broken'), value])
  await produce(`${PREFIX}.sandbox.quarantine`, [Buffer.from('{"name":"Ada"}')])
})

function tail(...args: readonly string[]): Promise<CliRun> {
  return runCli(['tail', '--mode', 'sandbox', '--from-beginning', ...args], { environment })
}

describe('schemas register', () => {
  it('prints what it made, and the second time that nothing changed', async () => {
    expect([registered.code, registered.err]).toEqual([0, ''])
    expect(registered.out).toContain(`created topic ${TOPIC}`)
    const again = await runCli(['schemas', 'register'], { environment })
    expect([again.code, again.err]).toEqual([0, ''])
    expect(again.out).toContain('Nothing changed')
    expect(again.out).not.toContain('created topic')
  })
})

describe('tail', () => {
  it('prints decoded records with their coordinates and ends after --max', async () => {
    const { code, out, err } = await tail('--domain', 'pass', '--max', '3')
    expect([code, err]).toEqual([0, ''])
    const lines = out.trim().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(new RegExp(`^${TOPIC}/\\d+/0 .*pass\\.created {2}2026-05-19`))
    expect(lines[1]).toContain('cannot be decoded')
  })

  it('hides personal data unless asked', async () => {
    const hidden = JSON.parse((await tail('--domain', 'pass', '--max', '1', '--json')).out)
    expect(hidden.event.raw).toBe('(masked)')
    expect(hidden.event.resources.pass.holder).toBe('(masked)')
    const shown = await tail('--domain', 'pass', '--max', '1', '--json', '--show-pii')
    const raw = await readFile('schemas/2026-05-19/samples/pass.created.json', 'utf8')
    expect(JSON.parse(shown.out).event.raw).toBe(raw)
  })

  it('prints why events were set aside', async () => {
    const { out } = await tail('--domain', 'quarantine', '--max', '1')
    expect(out).toMatch(/quarantine\/\d+\/0 .*tnt_1.*malformed.*14 bytes/)
  })

  it('stops on Ctrl-C without an error', async () => {
    const args = ['tail', '--mode', 'sandbox', '--domain', 'pass', '--from-beginning']
    const run = await runCli(args, { environment, interruptWhen: (out) => out.includes(TOPIC) })
    expect([run.code, run.err]).toEqual([0, ''])
  })

  it('leaves no consumer group behind', async () => {
    await tail('--domain', 'pass', '--max', '1')
    const broker = inject('kafkaBrokers')
    await eventually(
      async () => (await abandonedTailGroups(broker, 'event-router-cli')).length === 0,
      {
        withinMs: 20_000,
      },
    )
  })

  it('says in one line that Kafka is away', async () => {
    const away = { ...environment, KAFKA_BROKERS: '127.0.0.1:9' }
    const run = await runCli(['tail', '--mode', 'live', '--domain', 'card'], { environment: away })
    expect(run.code).toBe(1)
    expect(run.err).toMatch(/^[^\n]*cannot be reached[^\n]*\n$/)
  })
})

describe('endpoints list', () => {
  it('shows how many secrets there are, and none of them', async () => {
    const folder = await temporaryFolder('endpoints')
    onTestFinished(() => folder.remove())
    const file = join(folder.path, 'endpoints.json')
    const secrets = [{ id: 'k1', value: 'topsecret' }]
    const endpoint = { id: 'whk_1', tenant_id: 'tnt_1', live_mode: false, enabled: true, secrets }
    await writeFile(file, JSON.stringify({ endpoints: [endpoint] }))
    const run = await runCli(['endpoints', 'list'], { environment: { ENDPOINTS_FILE: file } })
    expect(run.code).toBe(0)
    expect(run.out).toMatch(/whk_1.*tnt_1.*sandbox.*yes.*1/)
    expect(run.out).not.toContain('topsecret')
  })
})
