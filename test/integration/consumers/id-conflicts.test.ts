import type { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import type { RunningConsumer } from '#consumers/runtime/consumer.ts'
import type { DomainEvent } from '#consumers/runtime/contract.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body } from './stage.ts'
import { Stage } from './stage.ts'

const soon = { withinMs: 60_000 }

const handled: string[] = []
const failing = new Set<string>()
let stage: Stage
let consumer: RunningConsumer & { metrics: Registry }

const domain = {
  ...cardConsumer,
  handle: async ({ id }: DomainEvent) => {
    if (failing.has(id)) throw new Error('not now')
    handled.push(id)
    return undefined
  },
}

/** One partition for all, so that what is handled later has everything before it behind it. */
beforeAll(async () => {
  stage = await Stage.set(domain)
  consumer = stage.start()
})

afterAll(async () => {
  await stage.clear()
})

function cardEvent(n: number, changes: Body = {}, status = `s${n}`): Body {
  return {
    id: `evt_${n}`,
    type: 'card.activated',
    created: '2026-11-20T10:00:00.000Z',
    tenant_id: stage.tenant,
    live_mode: false,
    api_version: '2026-05-19',
    data: { card: { id: `card_${n}`, status } },
    previous_attributes: null,
    ...changes,
  }
}

async function send(...bodies: readonly (Body | string)[]): Promise<void> {
  await stage.send(bodies, { partition: 0 })
}

/** Until it is committed, with all that was sent before it. */
async function untilHandled(n: number): Promise<void> {
  const entry = `evt_${n} applied`
  await eventually(async () => {
    return (await stage.outcomes()).some((outcome) => outcome.startsWith(entry))
  }, soon)
}

/** How many records were set aside as a conflict under an id. */
async function conflicts(n: number): Promise<number> {
  const text = `SELECT reason FROM runtime.set_aside WHERE group_id = $1 AND event_id = $2`
  const rows = await stage.rows(text, [stage.group(), `evt_${n}`])
  expect(rows.every(({ reason }) => reason === 'id_conflict')).toBe(true)
  return rows.length
}

async function statusOf(n: number): Promise<unknown> {
  const text = 'SELECT status FROM card.cards WHERE tenant_id = $1 AND card_id = $2'
  const [row] = await stage.rows(text, [stage.tenant, `card_${n}`])
  return row?.status
}

async function countOf(name: string, labels: Readonly<Record<string, string>>): Promise<number> {
  const metric = await consumer.metrics.getSingleMetric(name)?.get()
  const matches = (metric?.values ?? []).filter((value) =>
    Object.entries(labels).every(([label, text]) => value.labels[label] === text),
  )
  return matches.reduce((sum, { value }) => sum + value, 0)
}

describe('the same id with another body', () => {
  it('has no effect and is set aside, in one batch and in a later one', async () => {
    await send(cardEvent(1), cardEvent(1, {}, 'other'), cardEvent(1))
    await send(cardEvent(1, { created: '2026-11-20T10:00:00.001Z' }, 'newer'), cardEvent(2))
    await untilHandled(2)
    expect(await conflicts(1)).toBe(2)
    expect(handled.filter((id) => id === 'evt_1')).toHaveLength(1)
    expect(await statusOf(1)).toBe('s1')
    expect(await countOf('consumer_set_aside_total', { reason: 'id_conflict' })).toBe(2)
    expect(await countOf('consumer_records_total', { outcome: 'duplicate' })).toBe(1)
  })

  it('is noticed after a restart', async () => {
    await send(cardEvent(3), cardEvent(4))
    await untilHandled(4)
    await stage.stop(consumer)
    consumer = stage.start()
    await send(cardEvent(3, {}, 'other'), cardEvent(4), cardEvent(5))
    await untilHandled(5)
    expect([await conflicts(3), await conflicts(4)]).toEqual([1, 0])
    expect(await statusOf(3)).toBe('s3')
  })

  it('is a matter of bytes: one space more, and it is another body', async () => {
    const text = JSON.stringify(cardEvent(6))
    await send(text, text, `${text} `, text, cardEvent(7))
    await untilHandled(7)
    expect(await conflicts(6)).toBe(1)
  })

  it('is not told from a copy where the inbox row is older than the digests', async () => {
    await send(cardEvent(8), cardEvent(9))
    await untilHandled(9)
    const older = 'UPDATE runtime.inbox SET body_digest = NULL WHERE tenant_id = $1'
    await stage.rows(older, [stage.tenant])
    await send(cardEvent(8, {}, 'other'), cardEvent(10))
    await untilHandled(10)
    expect([await conflicts(8), await statusOf(8)]).toEqual([0, 's8'])
  })

  it('counts as another event when it says it is of another day', async () => {
    await send(cardEvent(11), cardEvent(11, { created: '2026-11-21T10:00:00Z' }, 'later'))
    await eventually(async () => (await statusOf(11)) === 'later', soon)
    expect(await conflicts(11)).toBe(0)
  })

  it('is noticed while its tenant waits', async () => {
    failing.add('evt_12')
    await send(cardEvent(12))
    const waiting = 'SELECT event_id FROM runtime.parked_events WHERE tenant_id = $1'
    await eventually(async () => (await stage.rows(waiting, [stage.tenant])).length === 1, soon)
    await send(cardEvent(12, {}, 'other'), cardEvent(12))
    await eventually(async () => (await conflicts(12)) === 1, soon)
    expect(await stage.rows(waiting, [stage.tenant])).toHaveLength(1)
  })
})
