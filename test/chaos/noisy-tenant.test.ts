import { afterAll, beforeAll, expect, test } from 'vitest'
import { LoadGenerator } from '../bench/load.ts'
import { spreadOf } from '../bench/measurements.ts'
import { API, gateToKafka } from '../fixtures/kafka-gate.ts'
import type { IngressProcess } from './ingress-process.ts'
import { endpointsOf, startIngress } from './ingress-process.ts'
import { report, scaled } from './report.ts'
import { Stand } from './stand.ts'

const PAIRS = scaled(30, 3)
const BOUND = 1.5

/** Two loads of one ingress; rates are requests per second. */
interface Plan {
  /** Of 50 tenants together, all the time. */
  readonly quiet: number
  /** Of one, in every other stretch of so many milliseconds. */
  readonly noisy: number
  readonly stretchMs: number
  /** Not looked at after each change, until what the change brings is there. */
  readonly settlingMs: number
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

/** Both loads at once; not one request of the quiet ones may be refused. */
async function run({ port, pid }: IngressProcess, plan: Plan) {
  const seconds = (2 * PAIRS * plan.stretchMs) / 1000
  const load = (rate: number) => ({ port, seconds, rate, requests: Math.ceil(rate * seconds) })
  const connections = Math.min(plan.quiet, 100)
  const [cost, noise] = await Promise.all([
    quietLoad.run({ ...load(plan.quiet), endpoints: quiet, connections, isTold: true }, pid, 0),
    noisyLoad.run(
      { ...load(plan.noisy), endpoints: noisy, connections: 200, pulseMs: plan.stretchMs },
      pid,
      1,
    ),
  ])
  return { answers: cost.answers, taken: noise.answered, refused: noise.failed }
}

type Answers = Awaited<ReturnType<typeof run>>['answers']

function p99(answers: Answers): number {
  const sorted = answers.map(([, tookMs]) => tookMs).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
}

/**
 * What the quiet ones saw in each stretch without the noise, and in the one with it beside that.
 * Many short stretches in turn: a busy moment of the machine hits few of them, and both kinds.
 */
function pairsOf(answers: Answers, { stretchMs, settlingMs }: Plan) {
  const settled = answers.filter(([sentAt]) => sentAt % stretchMs >= settlingMs)
  const stretches = Map.groupBy(settled, ([sentAt]) => Math.floor(sentAt / stretchMs))
  return [...stretches].flatMap(([stretch, own]) => {
    const loud = stretches.get(stretch + 1)
    if (stretch % 2 === 1 || loud === undefined) return []
    const [alone, beside] = [p99(own), p99(loud)]
    return [{ alone, beside, ratio: beside / alone }]
  })
}

/** The acceptance as it is written: over all settled answers, beside the noise and alone. */
function overall(answers: Answers, { stretchMs, settlingMs }: Plan) {
  const [first = 0] = answers.map(([sentAt]) => sentAt)
  // The first pair is left out as below.
  const begun = (Math.floor(first / stretchMs) + 3) * stretchMs
  const settled = answers.filter(([sentAt]) => sentAt >= begun && sentAt % stretchMs >= settlingMs)
  const isLoud = ([sentAt]: Answers[number]) => Math.floor(sentAt / stretchMs) % 2 === 1
  const alone = p99(settled.filter((answer) => !isLoud(answer)))
  const beside = p99(settled.filter(isLoud))
  return { alone_ms: alone, beside_ms: beside, ratio: beside / alone, answers: settled.length }
}

/** The figures of one run, the first stretches left out: what is measured is compiled code. */
async function compare(ingress: IngressProcess, plan: Plan) {
  const { answers, taken, refused } = await run(ingress, plan)
  const pairs = pairsOf(answers, plan).slice(1)
  const middle = (values: readonly number[]) => Number(spreadOf(values).median.toFixed(2))
  return {
    pairs: pairs.length,
    p99_alone_ms: middle(pairs.map(({ alone }) => alone)),
    p99_beside_ms: middle(pairs.map(({ beside }) => beside)),
    ratio_of_p99: middle(pairs.map(({ ratio }) => ratio)),
    overall_p99: overall(answers, plan),
    bound: BOUND,
    noisy: { taken, refused },
  }
}

test('a tenant at 20 times its rate is held to its bucket, and 50 quiet ones see p99 within 1.5 times of what they see alone', async () => {
  const plan = { quiet: 300, noisy: 120, stretchMs: 2000, settlingMs: 300 }
  // Each may send twice what it sends, as the sender's own limit allows for bursts.
  const env = { TENANT_RATE_PER_SECOND: '12', TENANT_BURST: '24' }
  const ingress = await startIngress(stand, 'usual', [...quiet, ...noisy], env)
  const figures = await compare(ingress, plan)
  const refused = await ingress.metric('ingress_limit_refusals_total', '"tenant_rate"')
  await ingress.stop()
  await report('noisy-tenant', { plan, ...figures, refused })
  expect(figures.ratio_of_p99).toBeLessThanOrEqual(BOUND)
  expect(figures.overall_p99.ratio).toBeLessThanOrEqual(BOUND)
  expect(refused).toBeGreaterThan(0.5 * figures.noisy.refused)
})

test('the same without a bucket, on a Kafka that takes less than comes: only the noisy one waits and is refused', async () => {
  const plan = { quiet: 50, noisy: 200, stretchMs: 3000, settlingMs: 1000 }
  const gate = await gateToKafka(stand.brokers)
  // 6 records at most every 40 ms: 150 a second, where 250 come.
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
  const figures = await compare(ingress, plan)
  const refused = await ingress.metric('ingress_limit_refusals_total', '"tenant_share"')
  await ingress.stop()
  clearInterval(slow)
  gate.release()
  await gate.close()
  await report('noisy-tenant-slow-kafka', { plan, ...figures, refused })
  expect(figures.ratio_of_p99).toBeLessThanOrEqual(BOUND)
  expect(figures.overall_p99.ratio).toBeLessThanOrEqual(BOUND)
  expect(refused).toBeGreaterThan(0)
})
