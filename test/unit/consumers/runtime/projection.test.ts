import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DomainEvent } from '#consumers/runtime/contract.ts'
import { amount, defineDomain, text } from '#consumers/runtime/contract.ts'
import { bodyTexts } from '#consumers/runtime/json-text.ts'
import type { EventOrder, ResourceState } from '#consumers/runtime/projection.ts'
import { isNewer, reconcile, resourceKey, statesOf } from '#consumers/runtime/projection.ts'
import type { ApiVersion, EventId, TenantId } from '#core/ids.ts'

const domain = defineDomain({
  domain: 'card',
  migrations: new URL('file:///nowhere/'),
  resources: [
    { resource: 'card', table: 'cards', columns: { status: text('status'), n: amount('n') } },
    { resource: 'scan', table: 'scans', idOfEvent: true, columns: {} },
  ],
})

function event(id: string, createdMs: number, resources = {}): DomainEvent {
  return {
    id: `evt_${id}` as EventId,
    type: 'card.created',
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

function state(id: string, createdMs: number, resourceId: string): ResourceState {
  const [only] = statesIn(event(id, createdMs), { card: { id: resourceId } })
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
        columns: ['active', 5n],
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
    expect(statesIn(event('1', 1), { card: { id: 'card_1' } })[0]?.columns).toEqual([null, null])
  })

  it('refuses a definition whose names could not stand in SQL', () => {
    const resources = [{ resource: 'card', table: 'cards; drop', columns: {} }]
    expect(() => defineDomain({ ...domain, resources })).toThrow(/cards; drop/)
  })
})

describe('older and newer snapshots', () => {
  it('lets the newest of a batch win and calls those that came too late stale', () => {
    const [early, late, between] = [state('1', 10, 'c'), state('2', 30, 'c'), state('3', 20, 'c')]
    const { winners, stale } = reconcile([early, late, between], new Map())
    expect(winners).toEqual([late])
    expect([...stale]).toEqual([between.event])
  })

  it('writes nothing when the row has seen a newer event', () => {
    const current = new Map<string, EventOrder>([
      [resourceKey('tnt_1', false, 'c'), { createdMs: 50, eventId: 'evt_0' }],
    ])
    const { winners, stale } = reconcile([state('1', 10, 'c'), state('2', 50, 'd')], current)
    expect(winners.map(({ resourceId }) => resourceId)).toEqual(['d'])
    expect(stale.size).toBe(1)
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
        const rows = new Map<string, EventOrder>()
        for (let i = 0; i < states.length; i += size) {
          for (const { event: won } of reconcile(states.slice(i, i + size), rows).winners) {
            rows.set(resourceKey('tnt_1', false, 'c'), {
              createdMs: won.createdMs,
              eventId: won.id,
            })
          }
        }
        const newest = states
          .map(({ event: { createdMs, id } }) => ({ createdMs, eventId: id as string }))
          .reduce((a, b) => (isNewer(b, a) ? b : a))
        expect([...rows.values()]).toEqual([newest])
      }),
    )
  })
})
