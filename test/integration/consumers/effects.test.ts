import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body } from './stage.ts'
import { Stage } from './stage.ts'

const soon = { withinMs: 20_000 }

let stage: Stage

beforeEach(async () => {
  stage = await Stage.set(cardConsumer)
})

afterEach(async () => {
  await stage.clear()
})

function cardEvent(n: number, changes: Body = {}, card: Body = {}): Body {
  return {
    id: `evt_${String(n).padStart(6, '0')}`,
    type: 'card.activated',
    created: new Date(Date.parse('2026-11-20T10:00:00Z') + n * 1000).toISOString(),
    tenant_id: stage.tenant,
    live_mode: false,
    api_version: '2026-05-19',
    data: { card: { id: 'card_1', status: `s${n}`, ...card } },
    previous_attributes: null,
    ...changes,
  }
}

async function cards() {
  const rows = await stage.rows(
    'SELECT card_id, status, last_event_id, snapshot FROM card.cards WHERE tenant_id = $1 ORDER BY 1',
    [stage.tenant],
  )
  return rows.map(({ card_id, status, last_event_id }) => `${card_id} ${status} ${last_event_id}`)
}

async function history(): Promise<number> {
  const text = 'SELECT count(*) AS n FROM card.history WHERE tenant_id = $1'
  const [row] = await stage.rows(text, [stage.tenant])
  return Number(row?.n)
}

async function untilHandled(count: number) {
  return await eventually(async () => {
    const outcomes = await stage.outcomes()
    return outcomes.length >= count ? outcomes : null
  }, soon)
}

async function setAside() {
  return await stage.rows(
    'SELECT reason, event_id, value, sql_state FROM runtime.set_aside WHERE group_id = $1 ORDER BY record_offset',
    [stage.group()],
  )
}

async function handledRecords(consumer: { metrics: import('prom-client').Registry }) {
  const metric = await consumer.metrics.getSingleMetric('consumer_records_total')?.get()
  return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0)
}

describe('an event', () => {
  it('has its effect once, however often it comes', async () => {
    const consumer = stage.start()
    await stage.send([cardEvent(1), cardEvent(1), cardEvent(2)])
    await untilHandled(2)
    await stage.send([cardEvent(1), cardEvent(2)])
    await eventually(async () => (await handledRecords(consumer)) === 5, soon)
    expect(await stage.outcomes()).toEqual(['evt_000001 applied cards', 'evt_000002 applied cards'])
    expect(await cards()).toEqual(['card_1 s2 evt_000002'])
    expect(await history()).toBe(2)
  })

  it('never overwrites a newer snapshot, in one batch or in a later one', async () => {
    stage.start()
    await stage.send([cardEvent(5), cardEvent(3)])
    await untilHandled(2)
    await stage.send([cardEvent(4)])
    expect(await untilHandled(3)).toEqual([
      'evt_000003 stale cards',
      'evt_000004 stale cards',
      'evt_000005 applied cards',
    ])
    expect(await cards()).toEqual(['card_1 s5 evt_000005'])
    expect(await history()).toBe(3)
  })

  it('keeps amounts and numbers with every digit', async () => {
    stage.start()
    const body = JSON.stringify(
      cardEvent(1, {
        type: 'card.transaction.authorized',
        data: {
          transaction: { id: 'txn_1', amount_cents: 'AMOUNT', merchant: { name: 'a\u0000b' } },
        },
      }),
    ).replace('"AMOUNT"', '9007199254740993')
    await stage.send([body])
    await untilHandled(1)
    const [row] = await stage.rows(
      'SELECT amount_cents, merchant_name, snapshot::text AS s FROM card.transactions WHERE tenant_id = $1',
      [stage.tenant],
    )
    expect(row?.amount_cents).toBe(9_007_199_254_740_993n)
    expect(row?.merchant_name).toBe('a\ufffdb')
    expect(row?.s).toContain('9007199254740993')
  })

  it('of a type that nobody knew is kept in the history', async () => {
    stage.start()
    await stage.send([
      cardEvent(1, { type: 'card.gift.wrapped', data: { gift: { id: 'gift_1' } } }),
    ])
    expect(await untilHandled(1)).toEqual(['evt_000001 history_only'])
    expect(await history()).toBe(1)
  })

  it('of the other mode is handled by its own group', async () => {
    stage.start()
    await stage.send([cardEvent(1, { live_mode: true })], { mode: 'live' })
    expect(await untilHandled(1)).toEqual(['evt_000001 applied cards'])
    const [row] = await stage.rows('SELECT live_mode FROM card.cards WHERE tenant_id = $1', [
      stage.tenant,
    ])
    expect(row?.live_mode).toBe(true)
  })
})

describe('the inbox', () => {
  it('keeps events by the day of their creation, and odd days apart', async () => {
    stage.start()
    const today = new Date().toISOString()
    await stage.send([
      cardEvent(1, { created: today }),
      cardEvent(2, { created: '2001-02-03T04:05:06Z' }),
    ])
    await untilHandled(2)
    const rows = await stage.rows(
      'SELECT event_id, tableoid::regclass::text AS day FROM runtime.inbox WHERE tenant_id = $1 ORDER BY 1',
      [stage.tenant],
    )
    const day = today.slice(0, 10).replaceAll('-', '')
    expect(rows.map((row) => row.day)).toEqual([`runtime.inbox_d${day}`, 'runtime.inbox_default'])
  })
})

describe('a record that cannot be understood', () => {
  it('is set aside with its bytes, and the partition goes on', async () => {
    stage.start({ SCHEMA_WAIT_MS: '200' })
    const good = await stage.encode(cardEvent(1))
    const late = await stage.encode(cardEvent(2))
    const unknownSchema = Buffer.from(good)
    unknownSchema.writeUInt32BE(4_000_000, 1)
    const foreign = await stage.encode(cardEvent(3, { tenant_id: `${stage.tenant}x` }))
    const bad: readonly Buffer[] = [
      Buffer.from('garbage'),
      unknownSchema,
      Buffer.concat([good, Buffer.from([0])]),
      foreign,
      await stage.encode(cardEvent(4, { live_mode: true })),
    ]
    await stage.sendValues([
      [stage.tenant, good],
      ...bad.map((value) => [stage.tenant, value] as const),
      [stage.tenant, null],
      [stage.tenant, late],
    ])
    expect(await untilHandled(2)).toEqual(['evt_000001 applied cards', 'evt_000002 applied cards'])
    const rows = await setAside()
    expect(rows.map(({ reason, event_id }) => [reason, event_id])).toEqual([
      ['undecodable', null],
      ['unknown_schema', null],
      ['undecodable', null],
      ['tenant_mismatch', 'evt_000003'],
      ['mode_mismatch', 'evt_000004'],
      ['no_value', null],
    ])
    expect(rows.slice(0, 5).map(({ value }) => value)).toEqual(bad)
  })

  it('by the database costs only itself, in the same pass', async () => {
    const poison = JSON.stringify(cardEvent(7, {}, { surprise: 'NUMBER' })).replace(
      '"NUMBER"',
      '1e200000',
    )
    const others = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11].map((n) =>
      cardEvent(n, {}, { id: `card_${n}` }),
    )
    await stage.send([...others.slice(0, 6), poison, ...others.slice(6)])
    stage.start()
    const outcomes = await untilHandled(11)
    expect(outcomes.filter((line) => !line.endsWith('applied cards'))).toEqual([
      'evt_000007 set_aside',
    ])
    expect(await cards()).toHaveLength(10)
    expect(await setAside()).toMatchObject([
      { reason: 'data_error', event_id: 'evt_000007', sql_state: '22003' },
    ])
    await stage.send([poison, cardEvent(12)])
    await untilHandled(12)
    expect(await setAside()).toHaveLength(1)
  })
})
