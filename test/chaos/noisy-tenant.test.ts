import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LoadGenerator } from '../bench/load.ts'
import type { LoadJob } from '../bench/load-job.ts'
import { spreadOf } from '../bench/measurements.ts'
import { API, gateToKafka } from '../fixtures/kafka-gate.ts'
import type { IngressProcess } from './ingress-process.ts'
import { endpointsOf, startIngress } from './ingress-process.ts'
import { report, scaled } from './report.ts'
import { Stand } from './stand.ts'

const PAIRS = scaled(5, 1)
const SECONDS = scaled(6, 2)
/** The noise is well under way, and its first burst over, when the quiet ones are measured. */
const LEAD_SECONDS = 2
/** Requests per second: 50 tenants at 10 each, and one that may have 100 (contract) at 20 times that. */
const QUIET_RATE = 500
const NOISY_RATE = 2000
const BOUND = 1.5

const quiet = endpointsOf('quiet', 50)
const noisy = endpointsOf('noisy', 1)

let stand: Stand
let quietLoad: LoadGenerator
let noisyLoad: LoadGenerator

beforeAll(async () => {
  stand = await Stand.set('noisy-tenant', 'card')
  quietLoad = new LoadGenerator()
  noisyLoad = new LoadGenerator()
})

afterAll(async () => {
  quietLoad?.close()
  noisyLoad?.close()
  await stand?.clear()
})

function job(
  port: number,
  changes: Pick<LoadJob, 'endpoints' | 'seconds' | 'connections'>,
  rate: number,
): LoadJob {
  return { port, rate, requests: Math.ceil(rate * changes.seconds), ...changes }
}

/** What the quiet ones see; not one of their requests may be refused. */
async function measured({ port, pid }: IngressProcess) {
  const changes = { endpoints: quiet, seconds: SECONDS, connections: 200 }
  return await quietLoad.run(job(port, changes, QUIET_RATE), pid, 0)
}

async function alone(ingress: IngressProcess) {
  await pause(LEAD_SECONDS * 1000)
  return { cost: await measured(ingress), noise: null }
}

async function besideNoise(ingress: IngressProcess) {
  const { port, pid } = ingress
  const seconds = SECONDS + LEAD_SECONDS + 1
  const changes = { endpoints: noisy, seconds, connections: 500 }
  const noise = noisyLoad.run(job(port, changes, NOISY_RATE), pid, 1)
  await pause(LEAD_SECONDS * 1000)
  const cost = await measured(ingress)
  return { cost, noise: await noise }
}

/** In turn, so that a busy minute of the machine hits both; every other pair backwards. */
async function compare(ingress: IngressProcess) {
  await besideNoise(ingress)
  const pairs: { alone: number; beside: number; ratio: number; taken: number; refused: number }[] =
    []
  for (let n = 0; n < PAIRS; n += 1) {
    const first = n % 2 === 0 ? await alone(ingress) : await besideNoise(ingress)
    const second = n % 2 === 0 ? await besideNoise(ingress) : await alone(ingress)
    const [a, b] = n % 2 === 0 ? [first, second] : [second, first]
    pairs.push({
      alone: a.cost.p99,
      beside: b.cost.p99,
      ratio: b.cost.p99 / a.cost.p99,
      taken: b.noise?.answered ?? 0,
      refused: b.noise?.failed ?? 0,
    })
  }
  return { pairs, ratio: spreadOf(pairs.map((pair) => pair.ratio)).median }
}

function rounded(pairs: readonly Readonly<Record<string, number>>[]) {
  return pairs.map((pair) =>
    Object.fromEntries(
      Object.entries(pair).map(([name, value]) => [name, Number(value.toFixed(2))]),
    ),
  )
}

test('a tenant at 20 times its rate is held to its bucket, and 50 quiet ones see p99 within 1.5 times of what they see alone', async () => {
  const ingress = await startIngress(stand, 'usual', [...quiet, ...noisy])
  const { pairs, ratio } = await compare(ingress)
  const refusedByRate = await ingress.metric('ingress_limit_refusals_total', 'tenant_rate')
  await ingress.stop()
  await report('noisy-tenant', {
    pairs: rounded(pairs),
    ratio_of_p99: ratio,
    bound: BOUND,
    refusedByRate,
  })
  expect(ratio).toBeLessThanOrEqual(BOUND)
  expect(refusedByRate).toBeGreaterThan(PAIRS * NOISY_RATE)
})

test('the same without a bucket, on a Kafka that takes less than comes: only the noisy one waits and is refused', async () => {
  const gate = await gateToKafka(stand.brokers)
  // 20 records at most every 20 ms: 1,000 a second, where 2,500 come.
  const hold = () => gate.hold(({ api }) => api === API.produce)
  hold()
  const slow = setInterval(() => {
    gate.release()
    hold()
  }, 20)
  const ingress = await startIngress(stand, 'slow-kafka', [...quiet, ...noisy], {
    KAFKA_BROKERS: gate.address,
    TENANT_RATE_PER_SECOND: '0',
    BATCH_MAX_RECORDS: '20',
    QUEUE_MAX_RECORDS: '2000',
  })
  const { pairs, ratio } = await compare(ingress)
  const refusedByShare = await ingress.metric('ingress_limit_refusals_total', 'tenant_share')
  await ingress.stop()
  clearInterval(slow)
  gate.release()
  await gate.close()
  const figures = { pairs: rounded(pairs), ratio_of_p99: ratio, bound: BOUND, refusedByShare }
  await report('noisy-tenant-slow-kafka', figures)
  expect(ratio).toBeLessThanOrEqual(BOUND)
})
