import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CauseSummary } from '#consumers/runtime/dead-letters.ts'
import { runCli } from '../fixtures/cli.ts'
import type { EffectVerdict, Occurrence } from '../fixtures/effect-checker.ts'
import { effectVerdict } from '../fixtures/effect-checker.ts'
import type { Bug, Faults } from '../fixtures/effect-handler.ts'
import { BUG_TYPES, NO_FAULTS } from '../fixtures/effect-handler.ts'
import { eventually } from '../fixtures/eventually.ts'
import { randomFrom } from '../integration/consumers/update-stream.ts'
import { cardEvent } from './card-events.ts'
import { releaseWith } from './releases.ts'
import { chaosSeed, report, scaled } from './report.ts'
import type { StandEvent } from './stand.ts'
import { Stand } from './stand.ts'

const TENANTS_EACH = scaled(50, 5)
const EVENTS_EACH = 20
const LETTERS_EACH = TENANTS_EACH * EVENTS_EACH
const CANARY = 10
const PARKING: readonly Bug[] = ['type_error', 'limit']
const ALL_BUGS: readonly Bug[] = [...PARKING, 'division']
const FINE_TYPE = 'card.activated'
const soon = { withinMs: 300_000, everyMs: 100 }

let stand: Stand

beforeAll(async () => {
  stand = await Stand.set('dead-letter-release', 'card')
})

afterAll(async () => {
  await stand?.clear()
})

/**
 * Tenants of each bug that parks meet it in their first event, so that all of theirs wait; those
 * of the bug that sets aside meet it in every event; as many again meet none.
 */
function eventsOf(group: Bug | 'fine', numbers: () => number): readonly StandEvent[] {
  return Array.from({ length: LETTERS_EACH }, (_, i) => {
    const tenant = `tnt_${group}_${i % TENANTS_EACH}`
    const meets = group === 'division' || (group !== 'fine' && i < TENANTS_EACH)
    return cardEvent(tenant, numbers(), meets ? BUG_TYPES[group] : FINE_TYPE)
  })
}

/** In any order between tenants, each tenant's in its own. */
function mixed(lanes: readonly (readonly StandEvent[])[], random: () => number): StandEvent[] {
  const left = lanes.map((lane) => [...lane])
  const all: StandEvent[] = []
  while (left.some(({ length }) => length > 0)) {
    const event = left[Math.floor(random() * left.length)]?.shift()
    if (event !== undefined) all.push(event)
  }
  return all
}

async function parkedList(): Promise<readonly CauseSummary[]> {
  const environment = { DATABASE_URL: stand.databaseUrl }
  const { out, code, err } = await runCli(['parked', 'list', '--json'], { environment })
  if (code !== 0) throw new Error(err)
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CauseSummary)
}

function summary({ errorClass, tenants, waiting, setAside }: CauseSummary) {
  return { errorClass, tenants, waiting, setAside }
}

const LETTERS = {
  type_error: {
    errorClass: 'TypeError',
    tenants: TENANTS_EACH,
    waiting: LETTERS_EACH,
    setAside: 0,
  },
  limit: {
    errorClass: 'limit_exceeded',
    tenants: TENANTS_EACH,
    waiting: LETTERS_EACH,
    setAside: 0,
  },
  division: { errorClass: 'sql 22012', tenants: 0, waiting: 0, setAside: LETTERS_EACH },
} as const

async function causeOf(bug: Bug): Promise<string> {
  const found = (await parkedList()).find(
    ({ errorClass }) => errorClass === LETTERS[bug].errorClass,
  )
  if (found === undefined) throw new Error(`no cause of ${bug}`)
  return found.fingerprint
}

async function letters() {
  return (await parkedList()).map(summary).sort((a, b) => a.errorClass.localeCompare(b.errorClass))
}

/** How many dead letters were tried more than once. */
async function triedAgain(): Promise<number> {
  return await stand.count('SELECT count(*) FROM runtime.parked_tenants WHERE attempts > 1')
}

async function redeployed(bugs: readonly Bug[]): Promise<void> {
  await stand.stopProcesses()
  await stand.startConsumer({ HANDLER_BUGS: bugs.join(',') })
}

/** What is not fixed stops in its canary: one dead letter is tried, and none is handled. */
async function canariesOf(faults: Faults): Promise<number> {
  const release = async (bug: Bug) =>
    await releaseWith({
      database: stand.database(),
      filter: { cause: await causeOf(bug) },
      canary: CANARY,
      faults,
    })
  const parked = await release('limit')
  expect(parked).toMatchObject({ handled: 0, woken: 0, canaryPassed: false })
  expect(parked.failed?.cause.errorClass).toBe(LETTERS.limit.errorClass)
  expect(await triedAgain()).toBe(1)
  const aside = await release('division')
  expect(aside).toMatchObject({ handled: 0, canaryPassed: false })
  return parked.handled + aside.handled
}

/** The writing repeats what was not acknowledged, so there may be more records than events. */
async function passedAll(): Promise<void> {
  const records = (await stand.log()).length
  await eventually(async () => {
    const passed = await stand.passed()
    if (passed !== records) throw new Error(`${passed} of ${records} records passed`)
    return true
  }, soon)
}

/** Order is judged without what was set aside: such an event is handled by itself, later. */
async function finalVerdict(): Promise<EffectVerdict> {
  const log = await stand.log()
  const effects = await stand.effects()
  const inLine = ({ tenantId }: Occurrence) => !tenantId.startsWith('tnt_division_')
  const { inversions } = effectVerdict(log.filter(inLine), effects.filter(inLine))
  return { ...effectVerdict(log, effects), inversions }
}

test('3,000 dead letters of 3 causes: listed by cause, a canary stops what is not fixed, what is fixed is handled in order', async () => {
  let made = 0
  const numbers = () => {
    made += 1
    return made
  }
  const lanes = [...ALL_BUGS, 'fine' as const].map((group) => eventsOf(group, numbers))
  const events = mixed(lanes, randomFrom(chaosSeed()))
  await redeployed(ALL_BUGS)
  await stand.send(events)
  await passedAll()

  const { type_error, limit, division } = LETTERS
  expect(await letters()).toEqual([limit, division, type_error])
  const database = stand.database()

  // The first bug is fixed and redeployed; the others are not.
  const fixed = { bugs: ALL_BUGS.filter((bug) => bug !== 'type_error'), poisonTenant: null }
  await redeployed(fixed.bugs)
  const handledByCanaries = await canariesOf(fixed)
  expect(await letters()).toEqual([limit, division, type_error])

  const begun = performance.now()
  const filter = { cause: await causeOf('type_error') }
  const released = await releaseWith({ database, filter, canary: CANARY, faults: fixed })
  const releaseMs = Math.round(performance.now() - begun)
  expect(released).toEqual({
    handled: LETTERS_EACH,
    woken: TENANTS_EACH,
    canaryPassed: true,
    failed: null,
  })
  expect(await letters()).toEqual([limit, division])

  // Tenants that wait no more go on as if nothing had been, those that wait queue on.
  const later = PARKING.flatMap((bug) =>
    Array.from({ length: TENANTS_EACH }, (_, i) =>
      cardEvent(`tnt_${bug}_${i}`, numbers(), FINE_TYPE),
    ),
  )
  await stand.send(later)
  const total = events.length + later.length
  await passedAll()
  expect(await letters()).toEqual([{ ...limit, waiting: LETTERS_EACH + TENANTS_EACH }, division])

  await redeployed([])
  const rest = await releaseWith({ database, filter: {}, canary: CANARY, faults: NO_FAULTS })
  expect(rest).toMatchObject({ handled: 2 * LETTERS_EACH + TENANTS_EACH, failed: null })
  expect(await parkedList()).toEqual([])

  const verdict = await finalVerdict()
  await report('dead-letter-release', {
    dead_letters: 3 * LETTERS_EACH,
    causes: 3,
    canary: CANARY,
    handled_before_the_canary_stopped: handledByCanaries,
    released_of_the_fixed_cause: released.handled,
    release_ms: releaseMs,
    ...verdict,
  })
  const good = { doubles: 0, losses: 0, phantoms: 0, inversions: 0 }
  expect(verdict).toEqual({ events: total, effects: total, ...good })
})
