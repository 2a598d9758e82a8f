import { describe, expect, it } from 'vitest'
import { compileEventDecoder } from '#platform/avro/event-decoder.ts'
import { routesOf } from '#quarantine/current-routes.ts'
import type { DestinationContext } from '#quarantine/destination.ts'
import { destinationOf } from '#quarantine/destination.ts'
import type { SetAsideEvent } from '#quarantine/entry.ts'
import { schemaText } from '../platform/avro/sample-events.ts'
import { bodyOf, catalogueEntry, endpoint, RECEIVED_MS, setAside, TOPIC } from './set-aside.ts'

const context: DestinationContext = {
  topic: TOPIC,
  mode: 'sandbox',
  table: routesOf([catalogueEntry('2026-05-19')], 'acme'),
  endpointNow: () => null,
  acceptStale: false,
  cardNumbersHeld: false,
  acceptCardNumbers: false,
  toleranceSeconds: 300,
  jsonDepth: 64,
}

/** Where it goes, or why it stays, in a few words. */
function fate(event: SetAsideEvent, changes: Partial<DestinationContext> = {}): string {
  const destination = destinationOf(event, { ...context, ...changes })
  return destination.kind === 'domain' ? destination.record.topic : destination.reason
}

function released(event: SetAsideEvent, changes: Partial<DestinationContext> = {}) {
  const destination = destinationOf(event, { ...context, ...changes })
  if (destination.kind !== 'domain') throw new Error(destination.reason)
  return destination
}

function decoded(event: SetAsideEvent, changes: Partial<DestinationContext> = {}) {
  const decoder = compileEventDecoder({ schemaText: schemaText('2026-05-19', 'card') })
  const result = decoder.decode(released(event, changes).record.value ?? Buffer.alloc(0))
  if (!result.ok) throw new Error(result.reason)
  return result.event
}

describe('an event that was set aside', () => {
  const waiting = setAside('unknown_version', bodyOf())

  it('goes to its domain, under its tenant, in its partition, once its version is known', () => {
    const { record } = released(waiting)
    expect([record.topic, record.key, record.partition]).toEqual([
      'acme.sandbox.card',
      'tnt_own',
      endpoint().partition,
    ])
  })

  it('says where it came from, and that it was verified then', () => {
    expect(released(waiting).record.headers).toEqual({
      ce_id: 'evt_1',
      ce_type: 'card.created',
      ce_source: '/qairopay/sandbox/tnt_own',
      ce_specversion: '1.0',
      released_from: `${TOPIC}/${waiting.partition}/7`,
      signed_at: String(RECEIVED_MS / 1000),
    })
  })

  it('keeps its body byte for byte and the time at which it was received', () => {
    const event = decoded(waiting)
    expect(event.raw.equals(waiting.body)).toBe(true)
    expect([event.receivedAt, event.endpointId, event.staleSignature]).toEqual([
      RECEIVED_MS,
      'whk_1',
      false,
    ])
  })

  it.each([
    [
      'its version is still unknown',
      setAside('unknown_version', bodyOf({ api_version: '2027-01-01' })),
      'unknown_version',
    ],
    [
      'it still does not fit',
      setAside('schema_mismatch', bodyOf({ data: { card: { id: 5 } } })),
      'schema_mismatch',
    ],
    ['it is still malformed', setAside('malformed', '{"id":'), 'malformed'],
    ['consumers would drop it', setAside('id_conflict', bodyOf()), 'id_conflict'],
    [
      'its body names another tenant',
      setAside('tenant_mismatch', bodyOf({ tenant_id: 'tnt_b' })),
      'tenant_mismatch',
    ],
    [
      'its body names another mode',
      setAside('mode_mismatch', bodyOf({ live_mode: true })),
      'mode_mismatch',
    ],
    ['nobody answers for its time', setAside('stale_signature', bodyOf()), 'stale_signature'],
  ] as const)('stays because %s', (_why, event, reason) => {
    expect(fate(event)).toBe(reason)
  })

  it('stays while its version is being drained', () => {
    const table = routesOf([catalogueEntry('2026-05-19', 'draining')], 'acme')
    expect(fate(waiting, { table })).toBe('version_draining')
  })

  it.each(['secret_id', 'signed_at', 'endpoint_id'])(
    'stays when it does not say its %s: no ingress wrote it',
    (name) => {
      const { [name]: _, ...headers } = waiting.headers
      const endpointId = name === 'endpoint_id' ? null : waiting.endpointId
      expect(fate({ ...waiting, endpointId, headers })).toBe('unverified')
    },
  )
})

describe('a stale one', () => {
  const event = setAside('stale_signature', bodyOf())
  const late = { signedAtSeconds: RECEIVED_MS / 1000 - 301 }

  it('is stored with its flag when an operator says so', () => {
    expect(decoded(event, { acceptStale: true }).staleSignature).toBe(true)
  })

  it('is known by its times too, whatever it was set aside for', () => {
    const malformedThen = setAside('malformed', bodyOf(), late)
    expect(fate(malformedThen)).toBe('stale_signature')
    expect(decoded(malformedThen, { acceptStale: true }).staleSignature).toBe(true)
  })

  it.each(['unknown_version', 'schema_mismatch', 'card_number'] as const)(
    'is stored with its flag when it was set aside as %s: the ingress had accepted its age',
    (reason) => {
      expect(decoded(setAside(reason, bodyOf(), late)).staleSignature).toBe(true)
    },
  )

  it('is not one that came within the tolerance', () => {
    const inTime = { signedAtSeconds: RECEIVED_MS / 1000 - 300 }
    expect(decoded(setAside('schema_mismatch', bodyOf(), inTime)).staleSignature).toBe(false)
  })
})

describe('an event with a card number in a value', () => {
  const body = bodyOf({ data: { card: { id: '4242 4242 4242 4242' } } })
  const held = setAside('card_number', body)
  const waiting = setAside('unknown_version', body)

  it('stays when it was set aside for that, unless an operator says otherwise', () => {
    expect(fate(held)).toBe('card_number')
    expect(fate(held, { acceptCardNumbers: true })).toBe('acme.sandbox.card')
  })

  it('is met as the policy would meet it now when it was set aside for something else', () => {
    expect(fate(waiting)).toBe('acme.sandbox.card')
    expect(fate(waiting, { cardNumbersHeld: true })).toBe('card_number')
    expect(fate(waiting, { cardNumbersHeld: true, acceptCardNumbers: true })).toBe(
      'acme.sandbox.card',
    )
  })

  it('is told of without a digit of it', () => {
    const destination = destinationOf(held, context)
    expect(destination).toMatchObject({ detail: expect.stringContaining('a card number in') })
    expect(JSON.stringify(destination)).not.toContain('4242')
  })
})

describe('an event of another tenant or mode than its endpoint', () => {
  const strange = setAside('tenant_mismatch', bodyOf({ tenant_id: 'tnt_b' }))
  const wrongMode = setAside('mode_mismatch', bodyOf({ live_mode: true }))

  it('goes to the tenant of its body once the endpoint is that tenant’s', () => {
    const { record } = released(strange, { endpointNow: () => endpoint('tnt_b') })
    expect([record.key, record.partition]).toEqual(['tnt_b', endpoint('tnt_b').partition])
    expect(record.headers.ce_source).toBe('/qairopay/sandbox/tnt_b')
  })

  it('goes to the mode of its body once the endpoint is of that mode', () => {
    expect(fate(wrongMode, { endpointNow: () => endpoint('tnt_own', true) })).toBe('acme.live.card')
  })

  it.each([
    ['a third tenant’s', endpoint('tnt_c')],
    ['the tenant’s, but in the other mode', endpoint('tnt_b', true)],
    ['as it was', endpoint('tnt_own')],
  ])('stays while the endpoint is %s', (_what, now) => {
    expect(fate(strange, { endpointNow: () => now })).toBe('tenant_mismatch')
  })

  const crossing = setAside('mode_mismatch', bodyOf({ tenant_id: 'tnt_b', live_mode: true }))
  it.each([
    ['the tenant and mode of its body', endpoint('tnt_b', true), 'acme.live.card'],
    ['the tenant, in its own mode', endpoint('tnt_b'), 'mode_mismatch'],
    ['the mode, of its own tenant', endpoint('tnt_own', true), 'mode_mismatch'],
    ['nobody', null, 'mode_mismatch'],
  ])('that differs in both goes to neither before the endpoint is of %s', (_what, now, goes) => {
    expect(fate(crossing, { endpointNow: () => now })).toBe(goes)
    // What an earlier version set aside under the other of the two reasons.
    const earlier = { ...crossing, reason: 'tenant_mismatch' }
    expect(fate(earlier, { endpointNow: () => now })).toBe(goes)
  })

  it('asks only about the endpoint at which it came in', () => {
    const asked: string[] = []
    fate(strange, {
      endpointNow: (id) => {
        asked.push(id)
        return null
      },
    })
    expect(asked).toEqual(['whk_1'])
  })

  it('never leaves its tenant because of an endpoint when its body agrees with the record', () => {
    const own = setAside('unknown_version', bodyOf())
    expect(released(own, { endpointNow: () => endpoint('tnt_b') }).record.key).toBe('tnt_own')
  })
})
