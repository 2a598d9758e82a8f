import { describe, expect, it } from 'vitest'
import { maskedBody } from '#quarantine/masked-body.ts'
import { schemaText } from '../platform/avro/sample-events.ts'
import { bodyOf } from './set-aside.ts'

const passSchema = schemaText('2026-05-19', 'pass')
const cardSchema = schemaText('2026-05-19', 'card')
const CANARY = 'ada@example.com'

function shown(body: string | Buffer, schema: string | null = cardSchema): string {
  const masked = maskedBody(Buffer.from(body as string), schema)
  return masked.kind === 'json' ? JSON.stringify(masked.value) : masked.why
}

function value(body: string, schema: string | null = cardSchema) {
  return JSON.parse(shown(body, schema))
}

describe('a masked body', () => {
  it('shows what a schema knows and does not tag', () => {
    const { data, ...envelope } = value(bodyOf())
    expect(data).toEqual({ card: { id: 'card_1', status: 'active' } })
    expect(envelope).toEqual({
      id: 'evt_1',
      type: 'card.created',
      created: '2026-05-19T10:14:22.184Z',
      tenant_id: 'tnt_own',
      live_mode: false,
      api_version: '2026-05-19',
      previous_attributes: null,
    })
  })

  it('hides what a schema tags', () => {
    const body = bodyOf({
      type: 'pass.created',
      data: { pass: { id: 'p1', holder: { email: CANARY } } },
    })
    expect(value(body, passSchema).data.pass).toEqual({ id: 'p1', holder: '(masked)' })
  })

  it.each([
    ['an unknown field', { data: { card: { nickname: CANARY } } }],
    ['an unknown resource', { data: { person: { email: CANARY } } }],
    ['a resource that is no object', { data: { card: CANARY } }],
    ['a list where a record should be', { data: { card: [CANARY] } }],
    ['a known field that holds another type', { data: { card: { status: { email: CANARY } } } }],
    ['an unknown name that is a value itself', { data: { card: { [CANARY]: 1 } } }],
    ['an unknown key beside data', { note: CANARY }],
    ['an unknown key that is a value itself', { [CANARY]: null }],
    ['data that is no object', { data: CANARY }],
    ['changed fields', { previous_attributes: { holder: CANARY } }],
    ['an id that is none', { id: CANARY }],
    ['a type that is none', { type: CANARY }],
    ['a time that is none', { created: CANARY }],
    ['a tenant that is none', { tenant_id: CANARY }],
    ['a version that is none', { api_version: CANARY }],
    ['a mode that is none', { live_mode: CANARY }],
    ['the name of a prototype', JSON.parse(`{"__proto__":{"email":"${CANARY}"}}`)],
  ])('hides %s', (_what, changes) => {
    expect(shown(bodyOf(changes))).not.toContain(CANARY)
  })

  it.each(['4242424242424242', '"4242 4242 4242 4242"', '"4242-4242-4242-4242"'])(
    'hides the card number %s in a field that nobody tagged',
    (number) => {
      const body = bodyOf({ data: { card: { id: 0 }, transaction: { amount_cents: 0 } } })
        .replace('"id":0', `"id":${number}`)
        .replace('"amount_cents":0', `"amount_cents":${number}`)
      expect(shown(body)).not.toContain('4242')
    },
  )

  it('hides all of the data when no schema is near', () => {
    expect(value(bodyOf(), null).data).toEqual({ card: '(masked)' })
  })

  it('keeps every digit of an amount', () => {
    const body = bodyOf({ data: { transaction: { amount_cents: 0 } } }).replace(
      '"amount_cents":0',
      '"amount_cents":9007199254740993',
    )
    expect(shown(body)).toContain('"amount_cents":9007199254740993')
  })

  it.each([
    ['bytes that are no text', Buffer.from([0xff, 0xfe]), 'not UTF-8'],
    ['text that is no JSON', `{"email":"${CANARY}"`, 'not JSON'],
    ['JSON that is no object', `["${CANARY}"]`, 'not a JSON object'],
    [
      'nesting without an end',
      `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      'nested too deeply',
    ],
  ] as const)('shows nothing of %s', (_what, body, why) => {
    expect(shown(body)).toBe(why)
  })
})
