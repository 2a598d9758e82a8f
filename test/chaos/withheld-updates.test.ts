import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../fixtures/eventually.ts'
import type { StreamEvent } from '../integration/consumers/update-stream.ts'
import { pick, randomFrom, updateStream } from '../integration/consumers/update-stream.ts'
import { chaosSeed, report, scaled } from './report.ts'
import type { StandEvent } from './stand.ts'
import { Stand } from './stand.ts'

const EVENTS = scaled(100_000, 2000)
const WITHHELD = scaled(100, 20)
const PASSES = Math.max(20, EVENTS / 100)
const TENANTS = 200
const CONSUMERS = 3
const DUPLICATES = 0.1
const FOUND_SHARE = 0.95
/** Late events come up to so many places later. */
const LATE_BY = 600

let stand: Stand

beforeAll(async () => {
  stand = await Stand.set('withheld-updates', 'pass')
})

afterAll(async () => {
  await stand?.clear()
})

/** Late retries and duplicates; all else in the order in which it happened. */
function disordered(events: readonly StreamEvent[], random: () => number) {
  const late = events.map((event, i) => ({
    event,
    at: i + (random() < DUPLICATES ? random() * LATE_BY : 0),
  }))
  const copies = late.filter(() => random() < DUPLICATES)
  const again = copies.map(({ event, at }) => ({ event, at: at + random() * LATE_BY }))
  return [...late, ...again].sort((a, b) => a.at - b.at).map(({ event }) => event)
}

function withhold(events: readonly StreamEvent[], random: () => number): Set<StreamEvent> {
  const updates = events.filter(({ changed }) => changed !== null)
  const withheld = new Set<StreamEvent>()
  while (withheld.size < WITHHELD) withheld.add(pick(random, updates))
  return withheld
}

function standEvent({ id, tenantId, text }: StreamEvent): StandEvent {
  return { tenantId, eventId: id, body: text }
}

async function openGaps() {
  const rows = await stand.rows(
    `SELECT resource_id, before_event_id, event_id FROM runtime.gaps
     WHERE closed_at IS NULL ORDER BY event_id`,
  )
  return rows as readonly Readonly<Record<'resource_id' | 'before_event_id' | 'event_id', string>>[]
}

async function handled(records: number): Promise<void> {
  await eventually(async () => (await stand.passed()) === records, {
    withinMs: 300_000,
    everyMs: 500,
  })
}

test('at least 95 of 100 withheld updates among 100,000 events are found, nothing else is, and what comes late after all closes its gap', async () => {
  const random = randomFrom(chaosSeed())
  const tenants = Array.from({ length: TENANTS }, (_, n) => `tnt_${n}`)
  const seed = chaosSeed() % 1000
  const events = updateStream({ seed, tenants, resources: PASSES, events: EVENTS })
  const withheld = withhold(events, random)
  const came = disordered(
    events.filter((event) => !withheld.has(event)),
    random,
  )
  await Promise.all(Array.from({ length: CONSUMERS }, () => stand.startConsumer({}, 'domain')))
  const begun = performance.now()
  await stand.send(came.map(standEvent))
  await handled(came.length)
  const tookMs = Math.round(performance.now() - begun)

  const open = await openGaps()
  // Ids sort as the events happened: what is missing lies between the two that disagree.
  const within = ({ id, resourceId }: StreamEvent) =>
    open.some(
      (gap) => gap.resource_id === resourceId && gap.before_event_id < id && id < gap.event_id,
    )
  const found = [...withheld].filter(within)
  const hurt = new Set([...withheld].map(({ resourceId }) => resourceId))
  const falseAlarms = open.filter(({ resource_id }) => !hurt.has(resource_id))
  const unexplained = open.filter(
    (gap) =>
      ![...withheld].some(
        ({ id, resourceId }) =>
          gap.resource_id === resourceId && gap.before_event_id < id && id < gap.event_id,
      ),
  )
  const everOpened = await stand.count('SELECT count(*) FROM runtime.gaps')

  await stand.send([...withheld].map(standEvent))
  await handled(came.length + WITHHELD)
  const openAfterwards = (await openGaps()).length
  await report('withheld-updates', {
    events: EVENTS,
    records: came.length + WITHHELD,
    passes: PASSES,
    withheld: WITHHELD,
    found: found.length,
    open_gaps: open.length,
    false: falseAlarms.length,
    unexplained: unexplained.length,
    opened_for_a_while: everOpened - open.length,
    open_after_late_arrival: openAfterwards,
    events_per_second: Math.round((came.length / tookMs) * 1000),
  })
  expect(found.length).toBeGreaterThanOrEqual(WITHHELD * FOUND_SHARE)
  expect(falseAlarms).toEqual([])
  expect(unexplained).toEqual([])
  expect(openAfterwards).toBe(0)
})
