import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import type { DomainEvent } from '#consumers/runtime/contract.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body } from './stage.ts'
import { Stage } from './stage.ts'

const soon = { withinMs: 30_000 }

let handled: string[] = []
let fails = false
let stage: Stage

const domain = {
  ...cardConsumer,
  handle: async (event: DomainEvent) => {
    if (fails) throw new Error('not now')
    handled.push(event.id)
    return undefined
  },
}

beforeEach(async () => {
  handled = []
  fails = false
  stage = await Stage.set(domain)
})

afterEach(async () => {
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

async function aside() {
  const rows = await stage.rows(
    'SELECT reason, event_id FROM runtime.set_aside WHERE group_id = $1 ORDER BY record_offset',
    [stage.group()],
  )
  return rows.map(({ reason, event_id }) => `${event_id} ${reason}`)
}

async function untilAside(count: number): Promise<readonly string[]> {
  return await eventually(async () => {
    const rows = await aside()
    return rows.length >= count ? rows : null
  }, soon)
}

async function statusOf(n: number): Promise<unknown> {
  const rows = await stage.rows(
    'SELECT status FROM card.cards WHERE tenant_id = $1 AND card_id = $2',
    [stage.tenant, `card_${n}`],
  )
  return rows[0]?.status
}

const conflict = (n: number) => `evt_${n} id_conflict`

describe('the same id with another body', () => {
  it('has no effect and is set aside, in one batch and in a later one, after a restart too', async () => {
    const first = stage.start()
    await stage.send([cardEvent(1), cardEvent(1, {}, 'other'), cardEvent(1)])
    expect(await untilAside(1)).toEqual([conflict(1)])
    await stage.send([cardEvent(1, { created: '2026-11-20T10:00:00.001Z' }, 'newer')])
    expect(await untilAside(2)).toEqual([conflict(1), conflict(1)])
    const metric = await first.metrics.getSingleMetric('consumer_set_aside_total')?.get()
    expect(metric?.values).toMatchObject([{ value: 2, labels: { reason: 'id_conflict' } }])
    await stage.stop(first)
    stage.start()
    await stage.send([cardEvent(1, {}, 'third'), cardEvent(2)])
    expect(await untilAside(3)).toHaveLength(3)
    await eventually(() => handled.includes('evt_2'), soon)
    expect(handled).toEqual(['evt_1', 'evt_2'])
    expect(await statusOf(1)).toBe('s1')
  })

  it('is the body and nothing else: the same bytes from another ingress are a duplicate', async () => {
    const consumer = stage.start()
    const text = JSON.stringify(cardEvent(1))
    await stage.send([text, text, cardEvent(2)])
    await stage.send([text, `${text} `])
    expect(await untilAside(1)).toEqual([conflict(1)])
    const metric = await consumer.metrics.getSingleMetric('consumer_records_total')?.get()
    const counts = (metric?.values ?? []).map(({ labels, value }) => `${labels.outcome} ${value}`)
    expect(counts.sort()).toEqual(['applied 2', 'duplicate 2', 'set_aside 1'])
  })

  it('is noticed while its tenant waits', async () => {
    fails = true
    stage.start()
    await stage.send([cardEvent(1)])
    await eventually(async () => (await stage.outcomes())[0] === 'evt_1 parked', soon)
    await stage.send([cardEvent(1, {}, 'other'), cardEvent(1)])
    expect(await untilAside(1)).toEqual([conflict(1)])
    const queued = await stage.rows(
      'SELECT event_id FROM runtime.parked_events WHERE tenant_id = $1',
      [stage.tenant],
    )
    expect(queued).toHaveLength(1)
  })

  it('is not told from a copy where the inbox row is older than the digests', async () => {
    stage.start()
    await stage.send([cardEvent(1)])
    await eventually(async () => (await stage.outcomes()).length === 1, soon)
    await stage.rows('UPDATE runtime.inbox SET body_digest = NULL WHERE tenant_id = $1', [
      stage.tenant,
    ])
    await stage.send([cardEvent(1, {}, 'other'), cardEvent(2)])
    await eventually(() => handled.includes('evt_2'), soon)
    expect(await aside()).toEqual([])
    expect(await statusOf(1)).toBe('s1')
  })

  it('counts as another event when it says it is of another day', async () => {
    stage.start()
    await stage.send([cardEvent(1), cardEvent(1, { created: '2026-11-21T10:00:00Z' }, 'later')])
    await eventually(async () => (await statusOf(1)) === 'later', soon)
    expect(await aside()).toEqual([])
  })
})
