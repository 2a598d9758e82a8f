import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LoadGenerator } from '../bench/load.ts'
import { spreadOf } from '../bench/measurements.ts'
import { API, gateToKafka } from '../fixtures/kafka-gate.ts'
import type { IngressProcess } from './ingress-process.ts'
import { endpointsOf, startIngress } from './ingress-process.ts'
import { report, scaled } from './report.ts'
import { Stand } from './stand.ts'

const PAIRS = scaled(7, 1)
/** The noise is well under way, and its first burst over, when the quiet ones are measured. */
const LEAD_SECONDS = 2
const BOUND = 1.5

/** Requests per second: of 50 quiet tenants together, and of the noisy one. */
interface Rates {
  readonly quiet: number
  readonly noisy: number
  /** How long the quiet ones are measured each time. */
  readonly seconds: number
}

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

/** What the quiet ones see; not one of their requests may be refused. */
async function measured({ port, pid }: IngressProcess, { quiet: rate, seconds }: Rates) {
  const requests = rate * seconds
  const connections = Math.min(rate, 100)
  const job = { port, endpoints: quiet, seconds: 4 * seconds, requests, connections, rate }
  return await quietLoad.run(job, pid, 0)
}

async function alone(ingress: IngressProcess, rates: Rates) {
  await pause(LEAD_SECONDS * 1000)
  return { cost: await measured(ingress, rates), noise: null }
}

async function besideNoise(ingress: IngressProcess, rates: Rates) {
  const { port, pid } = ingress
  const seconds = rates.seconds + LEAD_SECONDS + 1
  const requests = rates.noisy * seconds
  const job = { port, endpoints: noisy, seconds, requests, connections: 200, rate: rates.noisy }
  const noise = noisyLoad.run(job, pid, 1)
  await pause(LEAD_SECONDS * 1000)
  const cost = await measured(ingress, rates)
  return { cost, noise: await noise }
}

/** In turn, so that a busy minute of the machine hits both; every other pair backwards. */
async function compare(ingress: IngressProcess, rates: Rates) {
  // What is measured is compiled code.
  await besideNoise(ingress, rates)
  const pairs: { alone: number; beside: number; ratio: number; taken: number; refused: number }[] =
    []
  for (let n = 0; n < PAIRS; n += 1) {
    const first = n % 2 === 0 ? await alone(ingress, rates) : await besideNoise(ingress, rates)
    const second = n % 2 === 0 ? await besideNoise(ingress, rates) : await alone(ingress, rates)
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
  const rates = { quiet: 500, noisy: 200, seconds: 5 }
  // Each may send twice what it sends, as the sender's own limit allows for bursts.
  const env = { TENANT_RATE_PER_SECOND: '20', TENANT_BURST: '40' }
  const ingress = await startIngress(stand, 'usual', [...quiet, ...noisy], env)
  const { pairs, ratio } = await compare(ingress, rates)
  const refused = await ingress.metric('ingress_limit_refusals_total', '"tenant_rate"')
  await ingress.stop()
  const figures = { pairs: rounded(pairs), ratio_of_p99: ratio, bound: BOUND, refused }
  await report('noisy-tenant', { rates, ...figures })
  expect(ratio).toBeLessThanOrEqual(BOUND)
  expect(refused).toBeGreaterThan(PAIRS * rates.seconds * 100)
})

test('the same without a bucket, on a Kafka that takes less than comes: only the noisy one waits and is refused', async () => {
  const rates = { quiet: 30, noisy: 200, seconds: 10 }
  const gate = await gateToKafka(stand.brokers)
  // 6 records at most every 40 ms: 150 a second, where 230 come.
  const hold = () => gate.hold(({ api }) => api === API.produce)
  hold()
  const slow = setInterval(() => {
    gate.release()
    hold()
  }, 40)
  const ingress = await startIngress(stand, 'slow-kafka', [...quiet, ...noisy], {
    KAFKA_BROKERS: gate.address,
    TENANT_RATE_PER_SECOND: '0',
    BATCH_MAX_RECORDS: '6',
    QUEUE_MAX_RECORDS: '200',
  })
  const { pairs, ratio } = await compare(ingress, rates)
  const refused = await ingress.metric('ingress_limit_refusals_total', '"tenant_share"')
  await ingress.stop()
  clearInterval(slow)
  gate.release()
  await gate.close()
  const figures = { pairs: rounded(pairs), ratio_of_p99: ratio, bound: BOUND, refused }
  await report('noisy-tenant-slow-kafka', { rates, ...figures })
  expect(ratio).toBeLessThanOrEqual(BOUND)
  expect(refused).toBeGreaterThan(0)
})
