import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TenantId } from '#core/ids.ts'
import { eventTopic } from '#core/routing.ts'
import { eventOwner } from '#ingress/endpoints.ts'
import { signatureHeader } from '#ingress/signature.ts'
import { withAdmin } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../fixtures/eventually.ts'
import { freeze } from '../fixtures/frozen-process.ts'
import type { IngressProcess } from '../fixtures/ingress-process.ts'
import { startIngressProcess } from '../fixtures/ingress-process.ts'
import type { KafkaCluster } from '../fixtures/kafka-cluster.ts'
import { startKafkaCluster } from '../fixtures/kafka-cluster.ts'
import { publishTopics } from '../fixtures/published-topics.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import type { DeclaredEndpoint } from '../integration/ingress/stage.ts'
import { newEndpoint, nowSeconds, post, sampleFor } from '../integration/ingress/stage.ts'
import { report } from './report.ts'

/** More than a partition has copies, so that some partitions have none on the broker that hangs. */
const BROKERS = 5
/** Kafka's own default; until then nobody else takes the broker for gone. */
const FENCED_AFTER_MS = 9000
const FROZEN_MS = 16_000
const QUIET_AFTER_MS = 5000
const PREFIX = 'hung'
const soon = { withinMs: 60_000 }
const endpoints = Array.from({ length: 36 }, () => newEndpoint())
const log = createLogger({ service: 'test', level: 'silent' })

let folder: TemporaryFolder
let cluster: KafkaCluster
let ingress: IngressProcess

beforeAll(async () => {
  folder = await temporaryFolder('hung-broker')
  const session = `broker.session.timeout.ms=${FENCED_AFTER_MS}`
  cluster = await startKafkaCluster(folder.path, BROKERS, [session])
  await publishTopics(cluster.brokers, PREFIX, [], 3)
  const endpointsFile = join(folder.path, 'endpoints.json')
  await writeFile(endpointsFile, JSON.stringify({ endpoints }))
  const place = { name: 'hung', folder: join(folder.path, 'logs'), brokers: cluster.brokers }
  ingress = await startIngressProcess({ ...place, endpointsFile, env: { TOPIC_PREFIX: PREFIX } })
})

afterAll(async () => {
  await ingress?.stop()
  await cluster?.stop()
  await folder?.remove()
})

async function send(endpoint: DeclaredEndpoint) {
  const body = Buffer.from(await sampleFor(endpoint))
  const signature = signatureHeader(endpoint.secrets[0]?.value ?? '', body, nowSeconds())
  const begun = performance.now()
  const url = `http://127.0.0.1:${ingress.port}/v1/hooks/${endpoint.id}`
  const { status } = await post(url, body, { 'QairoPay-Signature': signature })
  return { status, begun, ms: performance.now() - begun }
}

/** Which broker leads most, and which partitions it has a copy of. */
async function busiest() {
  const connection = { brokers: cluster.brokers.split(','), clientId: 't', ssl: false, sasl: null }
  const topics = [eventTopic(PREFIX, 'sandbox', 'card')]
  const { topics: found } = await withAdmin(connection, log, (admin) =>
    admin.fetchTopicMetadata({ topics }),
  )
  const partitions = found[0]?.partitions ?? []
  const led = [...Map.groupBy(partitions, ({ leader }) => leader)]
  const [[node] = [1]] = led.sort(([, a], [, b]) => b.length - a.length)
  const copies = partitions.filter(({ isr }) => isr.includes(node))
  return { node, copies: new Set(copies.map(({ partitionId }) => partitionId)) }
}

function figures(sent: readonly Awaited<ReturnType<typeof send>>[]) {
  const counts = [...Map.groupBy(sent, ({ status }) => status)].map(([s, own]) => [s, own.length])
  const longest = Math.round(Math.max(0, ...sent.map(({ ms }) => ms)))
  return { answers: Object.fromEntries(counts), longest_ms: longest }
}

test('a broker that hangs holds up tenants who have no copy on it for one attempt, and the others until it is given up', async () => {
  const { node, copies } = await busiest()
  const [first = newEndpoint()] = endpoints
  await eventually(async () => (await send(first)).status === 200, soon)
  const pid = cluster.nodes[node - 1]?.pid() ?? 0
  const sent: (Awaited<ReturnType<typeof send>> & { readonly isUntouched: boolean })[] = []
  const frozenAt = performance.now() + 2000
  const until = frozenAt + FROZEN_MS + QUIET_AFTER_MS
  const lanes = endpoints.map(async (endpoint, i) => {
    const { partition } = eventOwner(endpoint.tenant_id as TenantId, false)
    const open: Promise<void>[] = []
    await delay(i * 10)
    while (performance.now() < until) {
      const isUntouched = !copies.has(partition)
      open.push(send(endpoint).then((one) => void sent.push({ ...one, isUntouched })))
      await delay(400)
    }
    await Promise.all(open)
  })
  await delay(frozenAt - performance.now())
  await freeze(pid)
  await delay(FROZEN_MS)
  process.kill(pid, 'SIGCONT')
  await Promise.all(lanes)
  const hung = sent.filter(({ begun }) => begun >= frozenAt && begun < frozenAt + FROZEN_MS)
  // Two attempts at most: of one that was sent before the freeze, and of the one after it.
  const passed = hung.filter(({ begun }) => begun > frozenAt + QUIET_AFTER_MS)
  const untouched = passed.filter(({ isUntouched }) => isUntouched)
  await report('hung-broker', {
    untouched: figures(hung.filter(({ isUntouched }) => isUntouched)),
    untouched_later: figures(untouched),
    others: figures(hung.filter(({ isUntouched }) => !isUntouched)),
    afterwards: figures(sent.filter(({ begun }) => begun >= frozenAt + FROZEN_MS)),
  })
  expect(untouched.length).toBeGreaterThan(0)
  expect(untouched.every(({ status }) => status === 200)).toBe(true)
  expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([200, 503]))
  await eventually(async () => {
    const last = await Promise.all(endpoints.map(send))
    return last.every(({ status }) => status === 200)
  }, soon)
})
