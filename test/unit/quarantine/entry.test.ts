import { describe, expect, it } from 'vitest'
import { markerOf, markerRecord, quarantineEntry } from '#quarantine/entry.ts'
import { bodyOf, RECEIVED_MS, setAside, TOPIC } from './set-aside.ts'

describe('a record of the quarantine', () => {
  it('is an event with all that the ingress wrote down', () => {
    expect(setAside('unknown_version', bodyOf())).toMatchObject({
      kind: 'set_aside',
      offset: 7n,
      tenant: 'tnt_own',
      reason: 'unknown_version',
      receivedAtMs: RECEIVED_MS,
      endpointId: 'whk_1',
      eventId: 'evt_1',
      eventType: 'card.created',
      apiVersion: '2026-05-19',
    })
  })

  it('is a marker that survives the way through Kafka', () => {
    const event = setAside('unknown_version', bodyOf())
    const at = { topic: 'acme.sandbox.card', partition: 3, offset: '12' }
    const { topic, partition, key, value, headers } = markerRecord(TOPIC, event, at)
    expect([topic, partition, key, value]).toEqual([TOPIC, event.partition, 'tnt_own', null])
    const read = { offset: 9n, key: Buffer.from(key), value: null, headers, timestampMs: 0 }
    expect(quarantineEntry(partition, read)).toEqual({
      kind: 'marker',
      of: 7n,
      to: 'acme.sandbox.card/3/12',
    })
  })

  it.each([
    ['no headers', {}],
    ['another marker', { marker: 'kept', of: '1', to: 'a/1/1' }],
    ['no offset', { marker: 'released', of: '-1', to: 'a/1/1' }],
    ['no destination', { marker: 'released', of: '1' }],
  ])('that is empty and has %s is nobody’s concern', (_what, headers) => {
    expect(markerOf(headers)).toBeNull()
    const read = { offset: 9n, key: null, value: null, headers, timestampMs: 0 }
    expect(quarantineEntry(0, read)).toEqual({ kind: 'foreign' })
  })

  it('that somebody else wrote has no time of reception but that of the topic', () => {
    const headers = { reason: 'malformed', received_at: 'yesterday' }
    const read = { offset: 9n, key: null, value: Buffer.alloc(1), headers, timestampMs: 5 }
    expect(quarantineEntry(0, read)).toMatchObject({
      receivedAtMs: 5,
      tenant: '',
      endpointId: null,
      eventId: null,
    })
  })
})
