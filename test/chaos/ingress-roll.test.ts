import { afterAll, beforeAll, expect, test } from 'vitest'
import { stackFolder } from '#local/stack-folder.ts'
import { eventually } from '../fixtures/eventually.ts'
import { IngressPair } from '../fixtures/ingress-pair.ts'
import { readLog } from '../fixtures/log-reader.ts'
import type { SeparateServices } from '../fixtures/separate-services.ts'
import { startSeparateServices } from '../fixtures/separate-services.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { newEndpoint } from '../integration/ingress/stage.ts'
import { report, scaled } from './report.ts'

// F7 of the catalogue of faults: an ingress rolled under load, twenty times.
const ROLLS = scaled(20, 2)
const LANES = 16
/** Acknowledged between one roll and the next. */
const BETWEEN_ROLLS = 300
/** Above DRAIN_DELAY_MS and a request's own deadline, with the rest of a stop. */
const LONGEST_STOP_MS = 20_000
const AWAY = new Set(['ECONNREFUSED', 'ECONNRESET', '503'])
const soon = { withinMs: 90_000 }
const endpoint = newEndpoint()

let folder: TemporaryFolder
let parts: SeparateServices
let pair: IngressPair

beforeAll(async () => {
  folder = await temporaryFolder('ingress-roll')
  parts = await startSeparateServices(folder.path, [endpoint], [])
  const { endpointsFile } = stackFolder(folder.path)
  const place = { brokers: parts.brokers, prefix: 'qairopay', endpointsFile, endpoint }
  pair = await IngressPair.start(place, { DRAIN_DELAY_MS: '2500' })
})

afterAll(async () => {
  await pair?.stop()
  await parts?.stop()
  await folder?.remove()
})

test('two ingresses rolled twenty times under load fail nobody who asks who is ready, and lose nothing acknowledged', async () => {
  const begun = performance.now()
  const respectful = pair.load(LANES, true)
  const careless = pair.load(1, false)
  const stops: number[] = []
  const codes: (number | null)[] = []
  for (let roll = 0; roll < ROLLS; roll += 1) {
    const goal = respectful.count() + BETWEEN_ROLLS
    await eventually(() => respectful.count() >= goal, soon)
    const { code, stopMs } = await pair.roll(roll % 2)
    codes.push(code)
    stops.push(Math.round(stopMs))
  }
  const [good, other] = [await respectful.stop(), await careless.stop()]
  const records = await readLog({ brokers: parts.brokers, topics: ['qairopay.sandbox.card'] })
  const stored = new Set(records.map(({ headers }) => headers.ce_id))
  const acknowledged = [...good.acknowledged, ...other.acknowledged]
  const lost = acknowledged.filter((id) => !stored.has(id))
  const unexpected = other.failures.filter((failure) => !AWAY.has(failure))
  await report('ingress-roll', {
    seconds: Math.round((performance.now() - begun) / 1000),
    rolls: ROLLS,
    acknowledged: acknowledged.length,
    failed_respectful: good.failures.length,
    failed_careless: other.failures.length,
    lost: lost.length,
    duplicates_on_topic: records.length - stored.size,
    longest_stop_ms: Math.max(...stops),
  })
  expect(good.failures).toEqual([])
  expect(unexpected).toEqual([])
  expect(lost).toEqual([])
  expect(new Set(codes)).toEqual(new Set([0]))
  expect(Math.max(...stops)).toBeLessThan(LONGEST_STOP_MS)
})
