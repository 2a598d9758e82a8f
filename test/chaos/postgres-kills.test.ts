import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { effectVerdict } from '../fixtures/effect-checker.ts'
import { eventually } from '../fixtures/eventually.ts'
import { randomFrom } from '../integration/consumers/update-stream.ts'
import { startPacedLoad } from './paced-load.ts'
import { chaosSeed, report, scaled } from './report.ts'
import { Stand } from './stand.ts'

const KILLS = scaled(10, 2)
const TENANTS = 200
const CONSUMERS = 3
const RATE = 1000
/** Records to be handled between a restart and the next kill: the kill hits transactions in hand. */
const BETWEEN_KILLS = 1500
const MOST_AWAY_MS = 4000
const soon = { withinMs: 90_000, everyMs: 50 }

let stand: Stand

beforeAll(async () => {
  stand = await Stand.set('postgres-kills', 'card')
})

afterAll(async () => {
  await stand?.clear()
})

test('a Postgres that is killed ten times under load costs no effect and makes none twice', async () => {
  const random = randomFrom(chaosSeed())
  const started = Array.from({ length: CONSUMERS }, () => stand.startConsumer())
  const consumers = await Promise.all(started)
  let exits = 0
  let stopping = false
  for (const { exited } of consumers) {
    void exited.then(() => {
      if (!stopping) exits += 1
    })
  }
  const load = startPacedLoad(stand, {
    tenants: TENANTS,
    events: Number.POSITIVE_INFINITY,
    duplicates: 0.1,
    rate: RATE,
    random: randomFrom(chaosSeed() + 1),
  })
  const schedule: string[] = []
  const begun = performance.now()
  for (let kill = 0; kill < KILLS; kill += 1) {
    const goal = (await eventually(() => stand.passed(), soon)) + BETWEEN_KILLS
    await eventually(async () => (await stand.passed()) >= goal, soon)
    const before = await stand.passed()
    const at = performance.now()
    await stand.killPostgres()
    await pause(random() * MOST_AWAY_MS)
    await stand.restartPostgres()
    const back = performance.now()
    await eventually(async () => (await stand.passed()) > before, soon)
    const heal = Math.round(performance.now() - back)
    const away = Math.round(back - at)
    schedule.push(`${((at - begun) / 1000).toFixed(1)} kill, away ${away} ms, heals ${heal} ms`)
  }
  await load.stop()
  const log = await stand.log()
  await eventually(async () => (await stand.passed()) === log.length, soon)
  stopping = true
  await stand.stopProcesses()

  const verdict = effectVerdict(log, await stand.effects())
  const events = load.events()
  const inbox = await stand.count('SELECT count(*) FROM runtime.inbox')
  const rows = await stand.count('SELECT count(*) FROM card.transactions')
  const parked = await stand.count('SELECT count(*) FROM runtime.parked_events')
  const aside = await stand.count('SELECT count(*) FROM runtime.set_aside')
  await report('postgres-kills', { records: log.length, kills: KILLS, exits, ...verdict, schedule })
  const good = { doubles: 0, losses: 0, phantoms: 0, inversions: 0 }
  expect(verdict).toEqual({ events, effects: events, ...good })
  expect([inbox, rows, parked, aside]).toEqual([events, events, 0, 0])
  expect(exits).toBe(0)
})
