import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../fixtures/eventually.ts'
import type { KafkaGate } from '../../fixtures/kafka-gate.ts'
import { API, gateToKafka } from '../../fixtures/kafka-gate.ts'
import { IngressStage, newEndpoint } from '../ingress/stage.ts'
import type { Ran } from '../quarantine/stage.ts'
import { QuarantineStage } from '../quarantine/stage.ts'
import { firstCopies, Lanes, versionFolder } from './stage.ts'

const VERSION = '2032-01-01'
const TENANTS = 5
const soon = { withinMs: 60_000 }
/** The lease is as in production: the slow ingress goes on for most of it. */
const SETTINGS = { RECORD_DEADLINE_MS: '2000' }
const endpoints = Array.from({ length: TENANTS + 2 }, () => newEndpoint())
const [known, unknown] = [endpoints.slice(TENANTS), endpoints.slice(0, TENANTS)]

let stage: QuarantineStage
let slow: IngressStage
let gate: KafkaGate

beforeAll(async () => {
  stage = await QuarantineStage.set(endpoints, SETTINGS)
  gate = await gateToKafka(stage.ingress.brokers)
  const { prefix } = stage.ingress
  slow = await IngressStage.bare({ prefix, brokers: gate.address, endpoints, settings: SETTINGS })
  await slow.ready()
  await slow.routes(3)
  await eventually(async () => (await slow.metric('ingress_catalogue_lease_held')) === 1, soon)
})

afterAll(async () => {
  gate.release()
  await slow.stop()
  await gate.close()
  await stage.stop()
})

/** Adds the version; the slow ingress hears of its schemas at most. */
async function added(onDraining: () => void): Promise<Ran> {
  const folder = await versionFolder(stage.ingress.folder.path, VERSION)
  const stopped = new AbortController().signal
  return await stage.runVerb(['versions', 'add', folder, '--json'], stopped, (note) => {
    // A fetch that is under way ends with the first entry; of its lease the most is left nevertheless.
    if (note.includes('checked')) gate.hold(({ api }) => api === API.fetch)
    if (note.includes('is draining')) onDraining()
  })
}

describe('a version that is added under load, with an ingress that is slow to hear', () => {
  it('has what was acknowledged first, first in the domain topic, for every tenant', async () => {
    const ingresses = [stage.ingress, slow]
    const lanes = new Lanes(ingresses, unknown, VERSION, 40)
    const others = new Lanes(ingresses, known, '2026-05-19', 40)
    const all = () => lanes.lanes.flatMap(({ acknowledged }) => acknowledged)
    const bySlow = () => all().filter(({ status, by }) => status === 202 && by === 1).length
    await eventually(() => all().length > 100, soon)
    let beforeDraining = Number.POSITIVE_INFINITY
    const { fault, lines } = await added(() => {
      beforeDraining = bySlow()
    })
    expect(fault).toBeNull()
    // It set events aside although the version was draining: the wait is for these.
    const refusals = lanes.lanes.map((lane) => lane.refusals)
    expect([refusals, bySlow()]).toEqual([refusals, expect.toSatisfy((n) => n > beforeDraining)])
    const active = all().length
    await eventually(() => all().length > active + 100, soon)
    gate.release()
    await slow.routes(4)
    const heard = all().length
    await eventually(() => all().length > heard + 100, soon)
    await Promise.all([lanes.stop(), others.stop()])

    const records = await stage.ingress.records('card')
    for (const { endpoint, acknowledged } of lanes.lanes) {
      const ids = acknowledged.map(({ id }) => id)
      expect(firstCopies(records, endpoint.tenant_id)).toEqual(ids)
    }
    const report = JSON.parse(lines[0] ?? '')
    const waited = all().filter(({ status }) => status === 202).length
    expect(report).toMatchObject({ state: 'active', released: waited, stayed: 0, unmarked: 0 })
    for (const { acknowledged, refusals } of others.lanes) {
      expect(refusals).toEqual({})
      expect(acknowledged.every(({ status }) => status === 200)).toBe(true)
    }
  })
})
