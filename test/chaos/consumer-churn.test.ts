import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { effectVerdict } from '../fixtures/effect-checker.ts'
import { eventually } from '../fixtures/eventually.ts'
import { randomFrom } from '../integration/consumers/update-stream.ts'
import { Churn } from './churn.ts'
import { startPacedLoad } from './paced-load.ts'
import { chaosSeed, report, scaled } from './report.ts'
import { Stand } from './stand.ts'

const EVENTS = scaled(100_000)
const CHURN_MS = scaled(120_000, 20_000)
const EVERY_MS = 3000
const TENANTS = 200
const DUPLICATES = 0.1

let stand: Stand

beforeAll(async () => {
  stand = await Stand.set('consumer-churn', 'card')
})

afterAll(async () => {
  await stand?.clear()
})

test('members that die, leave, freeze and join every 3 s lose and double nothing, and keep each tenant in order', async () => {
  const churn = new Churn(stand, randomFrom(chaosSeed()))
  await Promise.all([churn.join(), churn.join(), churn.join()])
  await eventually(() => stand.passed().then(() => true), { withinMs: 60_000 })
  const load = startPacedLoad(stand, {
    tenants: TENANTS,
    events: EVENTS,
    duplicates: DUPLICATES,
    rate: (EVENTS * (1 + DUPLICATES) * 1000) / CHURN_MS,
    random: randomFrom(chaosSeed() + 1),
  })
  const end = performance.now() + CHURN_MS
  while (performance.now() < end) {
    await pause(EVERY_MS)
    await churn.step()
  }
  await load.done
  const passedInChurn = await stand.passed()
  await churn.calm()
  const log = await stand.log()
  const drain = performance.now()
  await eventually(async () => (await stand.passed()) === log.length, {
    withinMs: 180_000,
    everyMs: 500,
  })
  const drainMs = Math.round(performance.now() - drain)
  churn.end()
  await stand.stopProcesses()

  const verdict = effectVerdict(log, await stand.effects())
  const inbox = await stand.count('SELECT count(*) FROM runtime.inbox')
  const rows = await stand.count('SELECT count(*) FROM card.transactions')
  const parked = await stand.count('SELECT count(*) FROM runtime.parked_events')
  const aside = await stand.count('SELECT count(*) FROM runtime.set_aside')
  await report('consumer-churn', {
    records: log.length,
    duplicates_in_log: log.length - verdict.events,
    ...verdict,
    passed_in_churn: passedInChurn,
    drain_ms: drainMs,
    crashes: churn.crashes,
    schedule: churn.happened.map(({ at, action, member }) => `${at} ${action} ${member}`),
  })
  const good = { doubles: 0, losses: 0, phantoms: 0, inversions: 0 }
  expect(verdict).toEqual({ events: EVENTS, effects: EVENTS, ...good })
  expect([inbox, rows, parked, aside]).toEqual([EVENTS, EVENTS, 0, 0])
  expect(log.length - EVENTS).toBeGreaterThan(EVENTS * DUPLICATES * 0.8)
  expect(churn.crashes).toBe(0)
})
