import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnsOf } from '#consumers/runtime/columns.ts'
import type { DomainEvent, Fields } from '#consumers/runtime/contract.ts'
import { defineDomain } from '#consumers/runtime/contract.ts'
import { bodyTexts } from '#consumers/runtime/json-text.ts'
import type { CurrentRow, ResourceState } from '#consumers/runtime/projection.ts'
import {
  isNewer,
  orderOf,
  reconcile,
  resourceKey,
  statesOf,
} from '#consumers/runtime/projection.ts'
import type { ApiVersion, EventId, TenantId } from '#core/ids.ts'

interface Resource {
  readonly id: string
  readonly status: string
  readonly n: bigint
  readonly words: readonly string[]
}

const { amount, text, words } = columnsOf<Resource>()

const TYPES: Readonly<Record<string, string>> = {
  created: 'card.created',
  active: 'card.activated',
  ended: 'card.terminated',
}

const domain = defineDomain({
  domain: 'card',
  migrations: new URL('file:///nowhere/'),
  casters: {
    card: (card, version) =>
      version < '2026-05-19' ? { ...card, status: `old ${card.status}` } : card,
  },
  events: {
    'card.created': { resource: 'card', state: 'created' },
    'card.activated': { resource: 'card', state: 'active' },
    'card.terminated': { resource: 'card', state: 'ended' },
    'card.shipped': { resource: 'card' },
    'card.alert': { resource: 'alert' },
  },
  resources: [
    {
      resource: 'card',
      table: 'cards',
      columns: { status: text('status'), n: amount('n'), words: words('words') },
      states: { created: ['active', 'ended'], active: ['ended'], ended: [] },
      milestones: { shipped_at: 'card.shipped', activated_at: 'card.activated' },
      children: {
        table: 'parts',
        columns: { n: amount('n') },
        of: ({ parts }) => (Array.isArray(parts) ? (parts as readonly Fields[]) : []),
      },
    },
    { resource: 'scan', table: 'scans', idOfEvent: 'for_want', columns: {} },
    {
      resource: 'alert',
      key: 'card',
      only: 'card.alert',
      table: 'alerts',
      idOfEvent: 'always',
      columns: { card_id: text('id') },
    },
  ],
})

function event(id: string, createdMs: number, resources = {}, type = 'card.updated'): DomainEvent {
  return {
    id: `evt_${id}` as EventId,
    type,
    createdMs,
    tenantId: 'tnt_1' as TenantId,
    liveMode: false,
    apiVersion: '2026-05-19' as ApiVersion,
    resources,
  }
}

function statesIn(found: DomainEvent, data: object): readonly ResourceState[] {
  const body = bodyTexts(Buffer.from(JSON.stringify({ data })))
  if (body === null) throw new Error('no body')
  return statesOf(domain, found, body)
}

function state(
  id: string,
  createdMs: number,
  resourceId: string,
  type = 'card.updated',
): ResourceState {
  const [only] = statesIn(event(id, createdMs, {}, type), { card: { id: resourceId } })
  if (only === undefined) throw new Error('no state')
  return only
}

describe('states of resources', () => {
  it('takes typed columns from Avro and the snapshot from the body', () => {
    const found = event('1', 1, { card: { id: 'card_1', status: 'active', n: 5n } })
    expect(
      statesIn(found, { card: { id: 'card_1', status: 'active', n: 5, new_field: 1 } }),
    ).toEqual([
      {
        projection: domain.resources[0],
        resourceId: 'card_1',
        event: found,
        columns: ['active', 5n, null],
        state: null,
        children: [],
        snapshot: '{"id":"card_1","status":"active","n":5,"new_field":1}',
      },
    ])
  })

  it('has none for a resource nobody knows or one without an id', () => {
    expect(statesIn(event('1', 1), { gift: { id: 'gift_1' } })).toEqual([])
    expect(statesIn(event('1', 1), { card: { status: 'active' } })).toEqual([])
  })

  it('gives what has no id of its own the id of its event', () => {
    expect(statesIn(event('1', 1), { scan: { result: 'ok' } })[0]?.resourceId).toBe('evt_1')
  })

  it('leaves columns empty when the typed resource is missing', () => {
    expect(statesIn(event('1', 1), { card: { id: 'card_1' } })[0]?.columns).toEqual([
      null,
      null,
      null,
    ])
  })

  it('reads old versions in the words of the current one, and keeps the snapshot as sent', () => {
    const found = { ...event('1', 1, { card: { status: 'x' } }), apiVersion: '2026-02-01' }
    const [old] = statesIn(found as DomainEvent, { card: { id: 'card_1', status: 'x' } })
    expect(old?.columns[0]).toBe('old x')
    expect(old?.snapshot).toBe('{"id":"card_1","status":"x"}')
  })

  it('takes the rows below a resource and its lists of words from the typed resource', () => {
    const card = { words: ['a\u0000', 'b'], parts: [{ n: 1n }, { n: 2n }] }
    const [found] = statesIn(event('1', 1, { card }), { card: { id: 'card_1' } })
    expect(found?.columns[2]).toBe('["a\\ufffd","b"]')
    expect(found?.children).toEqual([[1n], [2n]])
  })

  it('names the state that an event puts its resource into, and none for other events', () => {
    const stateAfter = (type: string) => state('1', 1, 'card_1', type).state
    expect(stateAfter('card.activated')).toBe('active')
    expect(stateAfter('card.shipped')).toBeNull()
    expect(stateAfter('card.nobody.knew')).toBeNull()
    expect(stateAfter('constructor')).toBeNull()
  })

  it('makes what is bound to one event type from that type alone, by the id of the event', () => {
    const card = { card: { id: 'card_1' } }
    const tables = (type: string) =>
      statesIn(event('1', 1, card, type), card).map(
        ({ projection, resourceId, columns }) => `${projection.table} ${resourceId} ${columns[0]}`,
      )
    expect(tables('card.alert')).toEqual(['cards card_1 null', 'alerts evt_1 card_1'])
    expect(tables('card.created')).toEqual(['cards card_1 null'])
  })
})

describe('older and newer snapshots', () => {
  const row = (createdMs: number, eventId: string, word: string | null = null) =>
    new Map<string, CurrentRow>([
      [resourceKey('tnt_1', false, 'c'), { createdMs, eventId, state: word }],
    ])

  it('lets the newest of a batch win and calls those that came too late stale', () => {
    const [early, late, between] = [state('1', 10, 'c'), state('2', 30, 'c'), state('3', 20, 'c')]
    const { changes, stale } = reconcile([early, late, between], new Map())
    expect(changes.map(({ newest }) => newest)).toEqual([late])
    expect([...stale]).toEqual([between.event])
  })

  it('writes nothing when the row has seen a newer event', () => {
    const { changes, stale } = reconcile(
      [state('1', 10, 'c'), state('2', 50, 'd')],
      row(50, 'evt_0'),
    )
    expect(changes.map(({ newest }) => newest.resourceId)).toEqual(['d'])
    expect(stale.size).toBe(1)
  })

  it('takes from an older event when something happened first, and the state before', () => {
    const late = [state('2', 20, 'c', 'card.shipped'), state('1', 10, 'c', 'card.shipped')]
    const [change] = reconcile(
      [...late, state('0', 5, 'c', 'card.created')],
      row(50, 'evt_9'),
    ).changes
    expect(change?.milestones).toEqual([10, null])
    expect(change?.stateful?.state).toBe('created')
  })

  it('decides by the id when two events were created at the same instant', () => {
    expect(isNewer({ createdMs: 1, eventId: 'evt_b' }, { createdMs: 1, eventId: 'evt_a' })).toBe(
      true,
    )
    expect(isNewer({ createdMs: 1, eventId: 'evt_a' }, { createdMs: 1, eventId: 'evt_a' })).toBe(
      false,
    )
  })

  it('ends in the same state whatever the order of arrival and the cut into batches', () => {
    const orders = fc.uniqueArray(
      fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 99 })),
      { minLength: 1, maxLength: 12, selector: ([ms, n]) => `${ms}/${n}` },
    )
    fc.assert(
      fc.property(orders, fc.integer({ min: 1, max: 5 }), (events, size) => {
        const states = events.map(([ms, n]) => state(`${100 + n}${ms}`, ms, 'c'))
        const rows = new Map<string, CurrentRow>()
        for (let i = 0; i < states.length; i += size) {
          for (const { newest: won } of reconcile(states.slice(i, i + size), rows).changes) {
            rows.set(resourceKey('tnt_1', false, 'c'), { ...orderOf(won.event), state: null })
          }
        }
        const newest = states
          .map((one) => ({ ...orderOf(one.event), state: null }))
          .reduce((a, b) => (isNewer(b, a) ? b : a))
        expect([...rows.values()]).toEqual([newest])
      }),
    )
  })
})

describe('transitions', () => {
  const card = (id: string, ms: number, word: string) => state(id, ms, 'c', TYPES[word])
  const judged = (states: readonly ResourceState[], from: string | null = null, ms = 0) => {
    const key = resourceKey('tnt_1', false, 'c')
    const rows = new Map(ms === 0 ? [] : [[key, { createdMs: ms, eventId: 'evt_0', state: from }]])
    const { impossible, changes } = reconcile(states, rows)
    return {
      impossible: impossible.map(({ from: before, to }) => `${before} > ${to.state}`),
      state: changes[0]?.stateful?.state,
    }
  }

  it('that the machine allows are no anomaly, nor is it to stay where one is', () => {
    const states = [card('1', 1, 'created'), card('2', 2, 'active'), card('3', 3, 'active')]
    expect(judged([...states, card('4', 4, 'ended')]).impossible).toEqual([])
  })

  it('that it does not allow are named, and the resource goes into its new state', () => {
    expect(judged([card('1', 1, 'ended'), card('2', 2, 'active')])).toEqual({
      impossible: ['ended > active'],
      state: 'active',
    })
    expect(judged([card('2', 20, 'created')], 'active', 10)).toEqual({
      impossible: ['active > created'],
      state: 'created',
    })
  })

  it('are judged in the order of events, not of arrival', () => {
    const states = [card('3', 3, 'ended'), card('1', 1, 'created'), card('2', 2, 'active')]
    expect(judged(states).impossible).toEqual([])
    expect(judged([card('2', 2, 'ended'), card('1', 1, 'active')]).impossible).toEqual([])
  })

  it('are not judged for what is older than the row', () => {
    expect(judged([card('1', 5, 'active')], 'ended', 10).impossible).toEqual([])
  })

  it('from a word that the machine no longer knows are allowed', () => {
    expect(judged([card('1', 20, 'active')], 'forgotten', 10).impossible).toEqual([])
  })
})
