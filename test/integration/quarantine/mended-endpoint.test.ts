import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../../fixtures/eventually.ts'
import { ServiceProcess } from '../../fixtures/service-process.ts'
import { newEndpoint, sampleFor, ulid } from '../ingress/stage.ts'
import { QuarantineStage } from './stage.ts'

const soon = { withinMs: 60_000 }
const ACTOR = ['--actor', 'ada'] as const
/** The tenant whose events come in at an endpoint that was entered for somebody else, and live. */
const owner = `tnt_${ulid()}`
const entered = newEndpoint({ live_mode: true })

let stage: QuarantineStage
let consumer: ServiceProcess

beforeAll(async () => {
  stage = await QuarantineStage.set([newEndpoint(), entered])
  const { KAFKA_BROKERS = '', TOPIC_PREFIX = '', DATABASE_URL = '' } = stage.environment
  const settings = { KAFKA_BROKERS, TOPIC_PREFIX, DATABASE_URL, MODES: 'sandbox' }
  consumer = await ServiceProcess.start('consumers/card', settings)
})

afterAll(async () => {
  await consumer.stop()
  await stage.stop()
})

let made = 0

/** An event as the owner's QairoPay sends it, whatever the endpoint is entered as. */
async function newEvent() {
  const id = `evt_${ulid()}`
  made += 1
  // Each a second after the one before: of one moment, ids would decide which snapshot is newer.
  const created = new Date(Date.parse('2026-05-19T10:00:00Z') + made * 1000).toISOString()
  const own = { id, created, tenant_id: owner, live_mode: false }
  return { id, body: await sampleFor(entered, 'card.created', '2026-05-19', own) }
}

async function endpoints(verb: string, ...args: readonly string[]): Promise<void> {
  const { fault } = await stage.runVerb(['endpoints', verb, entered.id, ...args, ...ACTOR])
  expect(fault).toBeNull()
}

async function effects(): Promise<readonly string[]> {
  const rows = await stage.database.session((session) =>
    session.query({
      text: `SELECT event_id, outcome, count(*) OVER (PARTITION BY event_id) AS times
        FROM runtime.inbox WHERE tenant_id = $1 AND NOT live_mode ORDER BY record_offset`,
      values: [owner],
    }),
  )
  return rows.map(({ event_id, outcome, times }) => `${event_id} ${outcome} ${times}`)
}

it('what came in at an endpoint that was entered wrongly has its effect once it is mended and released, before what was held off meanwhile', async () => {
  const early = [await newEvent(), await newEvent()]
  const late = await newEvent()
  for (const { body } of early) {
    const { status, body: said } = await stage.ingress.send(body, entered)
    expect([status, said]).toMatchObject([403, { error: { code: 'mode_mismatch' } }])
  }
  const release = ['release', '--mode', 'live', '--reason', 'mode_mismatch', '--yes', '--json']
  const released = async () => JSON.parse((await stage.run([...release, ...ACTOR])).lines[0] ?? '')
  expect(await released()).toMatchObject({ waiting: 2, released: 0, stayed: 2 })

  await endpoints('disable')
  const strangers = { 'QairoPay-Signature': `t=1,v1=${'0'.repeat(64)}` }
  await eventually(async () => {
    const { status } = await stage.ingress.raw(Buffer.from('{}'), entered.id, strangers)
    return status === 503
  }, soon)
  const answer = async () => (await stage.ingress.send(late.body, entered)).status
  expect(await answer()).toBe(503)
  await endpoints('set', '--tenant', owner, '--mode', 'sandbox', '--yes')
  expect(await released()).toMatchObject({
    waiting: 2,
    released: 2,
    stayed: 0,
    released_to: [{ tenant: owner, mode: 'sandbox', domain: 'card', events: 2 }],
  })
  await endpoints('enable')
  await eventually(async () => (await answer()) === 200, soon)

  await eventually(async () => (await effects()).length >= 3, soon)
  expect(await effects()).toEqual([...early, late].map(({ id }) => `${id} applied 1`))
  expect(await released()).toMatchObject({ waiting: 0, released: 0 })
})
