import { describe, expect, it } from 'vitest'
import type { DecodedEvent } from '#consumers/runtime/reading.ts'
import { readRecord } from '#consumers/runtime/reading.ts'

const sound: DecodedEvent = {
  id: 'evt_1',
  type: 'card.created',
  created: Date.parse('2026-05-19T10:14:22.184Z'),
  tenantId: 'tnt_1',
  liveMode: false,
  apiVersion: '2026-05-19',
  resources: {},
  raw: Buffer.from('{"data":{"card":{"id":"card_1"}}}'),
}

interface Given {
  readonly event?: Partial<DecodedEvent>
  readonly key?: string | null
  readonly value?: Buffer | null
  readonly knows?: boolean
  readonly decodes?: boolean
}

function read({ event = {}, key = 'tnt_1', value = Buffer.from('x'), ...rest }: Given) {
  const { knows = true, decodes = true } = rest
  const decoded = { ...sound, ...event }
  return readRecord(
    { offset: 5n, key: key === null ? null : Buffer.from(key), value },
    {
      mode: 'sandbox',
      schemaIdOf: (bytes) => (bytes.length === 0 ? null : 7),
      decoderOf: () =>
        knows ? () => (decodes ? { ok: true, event: decoded } : { ok: false, reason: 'r' }) : null,
    },
  )
}

describe('reading a record', () => {
  it('takes a sound one', () => {
    expect(read({})).toMatchObject({ kind: 'event', offset: 5n, event: { id: 'evt_1' } })
  })

  it.each<[string, Given, string | null]>([
    ['no_value', { value: null }, null],
    ['undecodable', { value: Buffer.alloc(0) }, null],
    ['undecodable', { decodes: false }, null],
    ['unknown_schema', { knows: false }, null],
    ['malformed', { event: { id: 'nope' } }, null],
    ['malformed', { event: { type: 'a\u0000b' } }, 'evt_1'],
    ['malformed', { event: { created: Number.MAX_SAFE_INTEGER } }, 'evt_1'],
    ['malformed', { event: { created: Number.NaN } }, 'evt_1'],
    ['malformed', { event: { apiVersion: 'soon' } }, 'evt_1'],
    ['malformed', { event: { raw: Buffer.from('{') } }, 'evt_1'],
    ['tenant_mismatch', { key: 'tnt_2' }, 'evt_1'],
    ['tenant_mismatch', { key: null }, 'evt_1'],
    ['mode_mismatch', { event: { liveMode: true } }, 'evt_1'],
  ])('sets aside as %s: %j', (reason, given, eventId) => {
    expect(read(given)).toEqual({ kind: 'set_aside', offset: 5n, reason, eventId })
  })
})
