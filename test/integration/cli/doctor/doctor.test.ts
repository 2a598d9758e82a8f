import { randomUUID } from 'node:crypto'
import kafkajs from 'kafkajs'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { DOMAIN_CONSUMERS } from '#cli/domains.ts'
import { CliFault } from '#cli/fault.ts'
import { runCommand } from '#cli/program.ts'
import type { RunningConsumer } from '#consumers/runtime/consumer.ts'
import { startConsumer } from '#consumers/runtime/consumer.ts'
import { migrationSets } from '#consumers/runtime/migration-sets.ts'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { withAdmin } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { migrate } from '#platform/postgres/migrations.ts'
import { runCli } from '../../../fixtures/cli.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import type { OwnDatabase } from '../../../fixtures/own-database.ts'
import { ownDatabase } from '../../../fixtures/own-database.ts'
import { IngressStage, newEndpoint } from '../../ingress/stage.ts'

const log = createLogger({ service: 'test', level: 'silent' })
const NOBODY = '127.0.0.1:9'
const forTests = newEndpoint({ id: 'whk_test_1', tenant_id: `tnt_test_${randomUUID()}` })
const real = newEndpoint()

let stage: IngressStage
let postgres: OwnDatabase
let consumer: RunningConsumer | null = null

/** One installation: topics, ingress, database, and the consumer of programs in sandbox. */
beforeAll(async () => {
  postgres = await ownDatabase(inject('databaseUrl'))
  stage = await IngressStage.set({ endpoints: [forTests, real] })
  consumer = await startProgramConsumer()
})

afterAll(async () => {
  await stopConsumer()
  await stage?.stop()
  await postgres?.remove()
})

async function stopConsumer(): Promise<void> {
  await consumer?.stop()
  consumer = null
}

async function startProgramConsumer(): Promise<RunningConsumer> {
  const settings = loadSettings(CONSUMER_SETTINGS, environment())
  const onFatal = (error: unknown) => {
    throw error
  }
  const domain = DOMAIN_CONSUMERS.program
  const running = startConsumer({ domain, settings, log, metrics: new Registry(), onFatal })
  const isReady = () => running.checks.every((check) => check.problem() === null)
  await eventually(isReady, { withinMs: 60_000 })
  return running
}

function environment() {
  return {
    KAFKA_BROKERS: inject('kafkaBrokers'),
    SCHEMA_REGISTRY_URL: inject('registryUrl'),
    DATABASE_URL: postgres.url,
    TOPIC_PREFIX: stage.prefix,
    ENDPOINTS_FILE: stage.endpointsFile,
    INGRESS_URL: stage.url,
    MODES: 'sandbox',
    LOCAL_DIR: '/nowhere',
  }
}

interface Told {
  /** One line a finding, as people see it. */
  readonly text: string
  /** How it would exit. */
  readonly code: number
}

/** The command in this process, with some variables otherwise. */
async function doctor(
  args: readonly string[] = [],
  changes: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const lines: string[] = []
  const terminal = {
    environment: { ...environment(), ...changes },
    line: (text: string) => void lines.push(text),
    note: () => {},
    stopped: new AbortController().signal,
  }
  const code = await runCommand(['doctor', ...args], terminal).then(
    () => 0,
    (error: unknown) => {
      if (error instanceof CliFault) return error.exitCode
      throw error
    },
  )
  return { text: lines.join('\n'), code }
}

/** Sets one setting of a topic, by Kafka's own name. */
async function alterTopic(topic: string, name: string, value: string): Promise<void> {
  const connection = { brokers: [inject('kafkaBrokers')], clientId: 'test', ssl: false, sasl: null }
  const type = kafkajs.ConfigResourceTypes.TOPIC
  const resources = [{ type, name: topic, configEntries: [{ name, value }] }]
  await withAdmin(connection, log, (admin) =>
    admin.alterConfigs({ validateOnly: false, resources }),
  )
}

async function deleteTopic(topic: string): Promise<void> {
  const connection = { brokers: [inject('kafkaBrokers')], clientId: 'test', ssl: false, sasl: null }
  await withAdmin(connection, log, (admin) => admin.deleteTopics({ topics: [topic] }))
}

describe('doctor', () => {
  it('says which consumers never ran, and is content once all have', async () => {
    const first = await doctor()
    expect(first.code).toBe(1)
    expect(first.text).toMatch(
      /^fault +database +it has no tables of pass, card, settlement and 1/m,
    )
    expect(first.text).toMatch(/^warning +consumers +4 groups without a member, with nothing to/m)
    expect(first.text.match(/^fault/gm)).toHaveLength(1)

    await migrate(postgres.database, migrationSets(Object.values(DOMAIN_CONSUMERS)))
    const run = await runCli(['doctor', '--send', '--json'], { environment: environment() })
    const findings = run.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(findings.filter(({ grade }) => grade === 'fault')).toEqual([])
    expect(run).toMatchObject({
      code: 0,
      err: expect.stringMatching(/\d+ ok, \d warnings?, 0 faults/),
    })
    expect(findings.at(-1)).toMatchObject({
      check: 'send',
      grade: 'ok',
      endpoint_id: forTests.id,
      status: 200,
      answered_ms: expect.any(Number),
      handled_ms: expect.any(Number),
    })
    expect(run.out + run.err).not.toContain(forTests.secrets[0]?.value)
  })

  it('leaves a test event in the history and nowhere else', async () => {
    const { tenant_id: tenant } = forTests
    const rows = (text: string) =>
      postgres.database.session((session) => session.query({ text, values: [tenant] }))
    expect(await rows('SELECT outcome, effect FROM runtime.inbox WHERE tenant_id = $1')).toEqual([
      { outcome: 'history_only', effect: '' },
    ])
    expect(await rows('SELECT event_type FROM program.history WHERE tenant_id = $1')).toEqual([
      { event_type: 'program.router_test' },
    ])
    expect(await rows('SELECT 1 FROM program.programs WHERE tenant_id = $1')).toEqual([])
  })

  it('sends nothing for a real tenant unless it is told to', async () => {
    const endpoint = ['--send', '--endpoint', real.id]
    const refused = await doctor(endpoint)
    expect(refused.code).toBe(1)
    expect(refused.text).toMatch(
      /^fault +send +nothing was sent: .*no tenant for tests; say --real/m,
    )
    const meant = await doctor([...endpoint, '--real-tenant'])
    expect(meant.text).toMatch(new RegExp(`^ok +send +evt_\\S+ for ${real.id} `, 'm'))
  })

  it('sees all of what is wrong at once: topics, registry, secrets, the quarantine', async () => {
    await stage.send('no JSON', real)
    await alterTopic(stage.topic('card'), 'retention.ms', '604800000')
    await deleteTopic(stage.topic('other'))
    const expired = {
      ...real,
      secrets: [{ id: 'k1', value: 'x', not_after: '2020-01-01T00:00:00Z' }],
    }
    await stage.declare([forTests, expired])
    const { text, code } = await doctor([], { SCHEMA_REGISTRY_URL: `http://${NOBODY}` })
    expect(code).toBe(1)
    expect(text).toMatch(/^fault +topics +1 topic of 16 missing: \S+\.sandbox\.other; run/m)
    expect(text).toMatch(
      /^fault +topics +\S+\.sandbox\.card has retention\.ms=604800000, declared/m,
    )
    expect(text).toMatch(/^fault +registry +the registry cannot be reached \(ECONNREFUSED\)/m)
    expect(text).toMatch(
      new RegExp(`^fault +endpoints +1 enabled.*usable secret: ${real.id};`, 'm'),
    )
    expect(text).toMatch(/^warning +quarantine +sandbox: 1 event waits: malformed 1/m)
    expect(text).toMatch(/^ok +database/m)
    await stage.declare([forTests, real])
  })

  it('tells a version that stays draining', async () => {
    await stage.setStates('active', 'draining')
    const { text } = await doctor()
    expect(text).toMatch(/^(?:warning|fault) +catalogue +2025-11-01 has been draining for/m)
    expect(text).toMatch(/^fault +catalogue +no version is active/m)
    await stage.setStates('draining', 'active')
    await stage.routes(3)
  })

  it('looks at the rest while Kafka, Postgres or the endpoints are away', async () => {
    const kafka = await doctor(['--send'], { KAFKA_BROKERS: NOBODY })
    expect(kafka.text).toMatch(/^fault +brokers +127\.0\.0\.1:9 refuses connections/m)
    expect(kafka.text).toMatch(/^warning +topics +not looked at: Kafka does not answer/m)
    expect(kafka.text).toMatch(/^warning +registry +it answers/m)
    expect(kafka.text).toMatch(/^ok +database/m)
    expect(kafka.text).toMatch(/^fault +send +nothing was sent/m)

    const away = { DATABASE_URL: `postgres://u:topsecret@${NOBODY}/er`, ENDPOINTS_FILE: '/nowhere' }
    const others = await doctor([], away)
    expect(others.text).toMatch(/^fault +database +Postgres at 127\.0\.0\.1:9 cannot be reached/m)
    expect(others.text).toMatch(/^warning +consumers +not looked at: Postgres does not answer/m)
    expect(others.text).toMatch(/^fault +endpoints +\/nowhere is not there/m)
    expect(others.text).toMatch(/^ok +catalogue/m)
    expect(others.text).not.toContain('topsecret')
  })

  it('says what Postgres has against us', async () => {
    const wrong = new URL(postgres.url)
    wrong.pathname = '/nobody'
    const { text } = await doctor([], { KAFKA_BROKERS: NOBODY, DATABASE_URL: wrong.href })
    expect(text).toMatch(
      /^fault +database +Postgres at \S+ has no such database; check DATABASE_URL/m,
    )
  })

  it('tells an ingress that does not answer, and a consumer that is gone', async () => {
    const gone = await doctor(['--send', '--url', `http://${NOBODY}`])
    expect(gone.text).toMatch(
      /^fault +send +http:\/\/127\.0\.0\.1:9 did not answer \(ECONNREFUSED\)/m,
    )

    await stopConsumer()
    const { text, code } = await doctor(['--send', '--within', '2'])
    expect(code).toBe(1)
    expect(text).toMatch(/^fault +send +.*is stored, but the consumer of program has not/m)
    const { text: after } = await doctor()
    expect(after).toMatch(
      /^fault +consumers +1 group without a member, with 1 unhandled record: \S+\.sandbox\.program/m,
    )
  })

  it('says in one line what its settings lack', async () => {
    const { text, code } = await doctor([], { KAFKA_BROKERS: '', DATABASE_URL: '' })
    expect(code).toBe(1)
    expect(text).toMatch(/^fault +settings +KAFKA_BROKERS: is missing/m)
    expect(text).toMatch(/^fault +settings +DATABASE_URL: is missing/m)
    expect(text).toMatch(/^warning +database +not looked at: its settings cannot be used/m)
  })
})
