import { randomBytes } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { runCli } from '../../fixtures/cli.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { removeTopics } from '../../fixtures/topic-removal.ts'
import type { DeclaredEndpoint } from './stage.ts'
import { IngressStage, newEndpoint, nowSeconds, post, sampleFor } from './stage.ts'

const soon = { withinMs: 30_000 }
const ROTATIONS = 20
const LANES = 4
/** Others that are read anew each time. */
const BYSTANDERS = 500

const rotating = newEndpoint()
const expiring = newEndpoint()
const old = newEndpoint()
const agent = new Agent({ keepAlive: true, maxSockets: LANES * 4 })

let stage: IngressStage

beforeAll(async () => {
  stage = await IngressStage.set({
    endpoints: [rotating, expiring, old],
    settings: { ENDPOINT_USAGE_INTERVAL_MS: '100' },
  })
})

afterAll(async () => {
  agent.destroy()
  await stage.stop()
})

async function statusOf(endpoint: DeclaredEndpoint, secret: string): Promise<number> {
  const body = Buffer.from(await sampleFor(endpoint))
  const signature = signatureHeader(secret, body, nowSeconds())
  const url = `${stage.url}/v1/hooks/${endpoint.id}`
  const headers = { 'QairoPay-Signature': signature }
  return (await post(url, body, headers, 'POST', agent)).status
}

/** Puts the file in its place whole, with the secrets of the endpoint under rotation. */
async function put(secrets: readonly string[]): Promise<void> {
  const others = Array.from({ length: BYSTANDERS }, () => newEndpoint())
  const declared = secrets.map((value) => ({ id: `k_${value.slice(-6)}`, value }))
  const endpoints = [{ ...rotating, secrets: declared }, expiring, old, ...others]
  await writeFile(`${stage.endpointsFile}.new`, JSON.stringify({ endpoints }))
  await rename(`${stage.endpointsFile}.new`, stage.endpointsFile)
}

function newValue(): string {
  return `whsec_${randomBytes(24).toString('hex')}`
}

/** Senders that never pause; the secret they sign with is that of the moment they begin. */
class Load {
  readonly answers = new Map<string, number>()
  #secret: string
  #stopping = false
  readonly #rounds: number[] = Array.from({ length: LANES }, () => 0)
  readonly #lanes: readonly Promise<void>[]

  constructor(secret: string) {
    this.#secret = secret
    const good = this.#rounds.map((_, lane) => this.#lane(lane))
    this.#lanes = [...good, this.#strangers()]
  }

  /** Signs with another one from now on; resolves when nothing of before is on its way. */
  async use(secret: string): Promise<void> {
    this.#secret = secret
    const before = [...this.#rounds]
    await eventually(() => this.#rounds.every((round, i) => round >= (before[i] ?? 0) + 2), soon)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#lanes)
  }

  #count(who: string, status: number): void {
    const key = `${who} ${status}`
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1)
  }

  async #lane(lane: number): Promise<void> {
    while (!this.#stopping) {
      this.#count('good', await statusOf(rotating, this.#secret))
      this.#rounds[lane] = (this.#rounds[lane] ?? 0) + 1
    }
  }

  async #strangers(): Promise<void> {
    while (!this.#stopping) this.#count('stranger', await statusOf(rotating, 'wrong'))
  }
}

describe('a rotation under load', () => {
  it('fails no webhook, while strangers send bad signatures, twenty files long', async () => {
    let current = rotating.secrets[0]?.value ?? ''
    const load = new Load(current)
    const before = await stage.metric('ingress_endpoint_reloads_total')
    for (let turn = 0; turn < ROTATIONS; turn += 1) {
      const next = newValue()
      await put([current, next])
      // At once, before any ingress can have looked by itself.
      await load.use(next)
      current = next
    }
    await load.stop()
    const { answers } = load
    expect([...answers.keys()].sort()).toEqual(['good 200', 'stranger 400'])
    expect(answers.get('good 200')).toBeGreaterThan(ROTATIONS * LANES)
    const reloads = (await stage.metric('ingress_endpoint_reloads_total')) - before
    expect(reloads).toBeGreaterThanOrEqual(ROTATIONS)
    expect(await stage.metric('ingress_endpoints')).toBe(BYSTANDERS + 3)
  })
})

describe('a secret that has ended', () => {
  it('stops to verify by the clock, without a change of the file', async () => {
    const secret = expiring.secrets[0]?.value ?? ''
    const notAfter = new Date(Date.now() + 3000).toISOString()
    const secrets = [
      { id: 'k1', value: secret, not_after: notAfter },
      { id: 'k2', value: newValue() },
    ]
    const hash = await stage.metric('ingress_endpoints_hash')
    await stage.declare([rotating, { ...expiring, secrets }, old])
    await eventually(async () => (await stage.metric('ingress_endpoints')) === 3, soon)
    expect(await stage.metric('ingress_endpoints_hash')).not.toBe(hash)
    expect(await statusOf(expiring, secret)).toBe(200)
    const alarms = await stage.metric('ingress_alarms_total')
    await eventually(async () => (await statusOf(expiring, secret)) === 503, soon)
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(notAfter) - 1000)
    expect(await statusOf(expiring, secrets[1]?.value ?? '')).toBe(200)
    expect(await stage.metric('ingress_alarms_total')).toBe(alarms + 1)
    const line = stage.logLines.find((text) => text.includes('"expired_secret"'))
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', secret_id: 'k1' })
  })

  it('was the last one: everything is answered 503, whoever signed it', async () => {
    const secrets = [{ id: 'k1', value: 'ended', not_after: '2026-01-01T00:00:00Z' }]
    await stage.declare([rotating, expiring, { ...old, secrets }])
    await eventually(async () => (await statusOf(old, 'other')) === 503, soon)
    expect(stage.logLines.some((text) => text.includes('"no_usable_secret"'))).toBe(true)
  })
})

async function cliOf(prefix: string, endpointsFile: string, ...args: readonly string[]) {
  return await runCli(['endpoints', 'status', ...args], {
    environment: {
      KAFKA_BROKERS: stage.brokers,
      TOPIC_PREFIX: prefix,
      ENDPOINTS_FILE: endpointsFile,
    },
  })
}

/** Writes what another ingress, which has gone, had written down. */
async function earlier(key: string, value: object): Promise<void> {
  const log = createLogger({ service: 'test', level: 'silent' })
  const connection = { brokers: [stage.brokers], clientId: 'test', ssl: false, sasl: null }
  const producer = kafkaClient(connection, log, 2).producer({ allowAutoTopicCreation: false })
  await producer.connect()
  const message = { key: `${key}/gone`, value: JSON.stringify(value) }
  await producer.send({ topic: `${stage.prefix}.endpoint-usage`, messages: [message] })
  await producer.disconnect()
}

describe('endpoints status', () => {
  const watched = newEndpoint({
    secrets: [
      { id: 'k1', value: newValue() },
      { id: 'k2', value: newValue() },
    ],
  })

  async function status() {
    const { out, err, code } = await cliOf(stage.prefix, stage.endpointsFile, watched.id, '--json')
    expect([code, err]).toEqual([0, ''])
    return JSON.parse(out).secrets
  }

  it('says how often and when each secret matched, summed over ingresses, and what follows', async () => {
    await stage.declare([watched])
    await eventually(async () => (await stage.metric('ingress_endpoints')) === 1, soon)
    const [first, second] = watched.secrets
    for (let n = 0; n < 3; n += 1) {
      expect(await statusOf(watched, second?.value ?? '')).toBe(200)
    }
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
    const [k1, k2] = [`${watched.id}/k1`, `${watched.id}/k2`]
    await earlier(k2, { matched: 40, first_at: daysAgo(9), last_at: daysAgo(1) })
    await earlier(k1, { matched: 7, first_at: daysAgo(80), last_at: daysAgo(8.5) })
    await earlier('process', { since: daysAgo(89), until: daysAgo(0), every_ms: 60_000 })
    const counted = await eventually(async () => {
      const secrets = await status()
      return secrets[0]?.matched === 43 ? secrets : null
    }, soon)
    expect(counted).toEqual([
      expect.objectContaining({ id: 'k2', usable: true, safe_to_retire: false }),
      expect.objectContaining({
        id: 'k1',
        matched: 7,
        safe_to_retire: true,
        advice: 'k1 has not matched for 8 days while k2 matched 43 times: safe to retire',
      }),
    ])
    expect(await statusOf(watched, first?.value ?? '')).toBe(200)
    const again = await eventually(async () => {
      const secrets = await status()
      return secrets[1]?.matched === 8 ? secrets : null
    }, soon)
    expect(again[1]).toMatchObject({ safe_to_retire: false })
  })

  it('says that nothing is known, and why, where the topic is not there', async () => {
    const run = await cliOf('nowhere', stage.endpointsFile)
    expect(run.code).toBe(1)
    expect(run.err).toBe(
      'the topic nowhere.endpoint-usage does not exist; `schemas register` makes it\n',
    )
    expect(run.out).toContain('matched unknown  last unknown')
    expect(run.out).not.toMatch(/never|safe/)
  })

  it('says that nothing is known where an ingress cannot write down what matches', async () => {
    const prefix = `t${randomBytes(4).toString('hex')}`
    const topic = `${prefix}.endpoint-usage`
    const connection = { brokers: [stage.brokers], clientId: 'test', ssl: false, sasl: null }
    const silent = createLogger({ service: 'test', level: 'silent' })
    // No record is so small.
    const settings = { 'max.message.bytes': '1' }
    const declared = { name: topic, partitions: 1, replicationFactor: 1, settings }
    expect(await ensureTopics(connection, [declared], silent)).toMatchObject({ ok: true })
    onTestFinished(() => removeTopics(stage.brokers, prefix))
    const often = { ENDPOINT_USAGE_INTERVAL_MS: '100' }
    const mute = await IngressStage.bare({ prefix, settings: often })
    onTestFinished(() => mute.stop())
    const said = () => mute.logLines.find((line) => line.includes('endpoint_usage.unwritten'))
    await eventually(() => said()?.includes('MESSAGE_TOO_LARGE') === true, soon)
    const { code, err, out } = await cliOf(mute.prefix, mute.endpointsFile)
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('(what matches is not written down at present)')
    expect(out).toContain('matched unknown  last unknown')
    const { secrets } = JSON.parse((await cliOf(mute.prefix, mute.endpointsFile, '--json')).out)
    expect(secrets).toMatchObject([{ matched: null, last_matched: null, safe_to_retire: false }])
  })
})
