import { describe, expect, it } from 'vitest'
import { readEventBody } from '#ingress/event-body.ts'
import type { VerifiedBody } from '#ingress/signature.ts'
import { samples } from '../platform/avro/sample-events.ts'

const MAX_DEPTH = 64
const fields = {
  id: '"evt_01HZX"',
  type: '"pass.updated"',
  created: '"2026-05-19T10:14:22.184Z"',
  tenant_id: '"tnt_01HZX"',
  live_mode: 'false',
  api_version: '"2026-05-19"',
  data: '{"pass":{}}',
  previous_attributes: 'null',
}

function bytes(text: string | Uint8Array): VerifiedBody {
  return Buffer.from(text as string) as VerifiedBody
}

function textWith(changes: Partial<typeof fields>, more = ''): string {
  const members = Object.entries({ ...fields, ...changes }).map(
    ([key, value]) => `"${key}":${value}`,
  )
  return `{${members.join(',')}${more}}`
}

function read(body: string | Uint8Array, maxDepth = MAX_DEPTH) {
  return readEventBody(bytes(body), maxDepth)
}

describe('a signed body', () => {
  it.each(samples)('is read: $version $type', ({ raw, type, version }) => {
    const result = read(raw)
    expect(result).toMatchObject({ ok: true, envelope: { type, apiVersion: version } })
  })

  it('keeps the previous attributes byte for byte', () => {
    const text = '{ "n": 9223372036854775807, "s":"caf\\u00e9" }'
    const result = read(textWith({ previous_attributes: text }))
    expect(result.ok && result.previousAttributesText).toBe(text)
  })

  it('has no previous attributes when they are null or missing', () => {
    const missing = textWith({}).replace(',"previous_attributes":null', '')
    for (const text of [textWith({}), textWith({ previous_attributes: ' null ' }), missing]) {
      const result = read(text)
      expect(result.ok && result.previousAttributesText).toBeNull()
    }
  })

  it('may be nested up to the limit and no deeper', () => {
    const nested = (depth: number) =>
      textWith({ data: `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}` })
    expect(read(nested(62)).ok).toBe(true)
    expect(read(nested(63))).toEqual({ ok: false, detail: 'nested too deeply', id: 'evt_01HZX' })
    const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`
    expect(read(deep)).toEqual({ ok: false, detail: 'nested too deeply', id: null })
  })
})

describe('a synchronous call', () => {
  const type = '"card.transaction.authorization_request"'

  it('is found in any readable body, and is neither an event nor malformed', () => {
    const none = { tenantId: undefined, liveMode: undefined }
    expect(read(`{"type":${type}}`)).toMatchObject({ ok: false, id: null, call: none })
    expect(read(textWith({ type }))).toMatchObject({
      ok: false,
      call: { tenantId: 'tnt_01HZX', liveMode: false },
    })
  })

  it('is not looked for in what cannot be read for sure', () => {
    const twice = textWith({ type }, ',"type":"card.created"')
    const deep = `{"type":${type},"a":${'['.repeat(64)}${']'.repeat(64)}}`
    for (const text of [twice, deep, `{"type":${type}`, `[{"type":${type}}]`]) {
      expect(read(text)).not.toHaveProperty('call')
    }
  })
})

describe('a signed body that cannot be understood', () => {
  it.each([
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'not UTF-8'],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not UTF-8'],
    ['empty', '', 'not JSON'],
    ['half an event', textWith({}).slice(0, -1), 'not JSON'],
    ['two events', textWith({}).repeat(2), 'not JSON'],
    ['behind a byte order mark', `\ufeff${textWith({})}`, 'not JSON'],
    ['a form', 'id=evt_1&type=x', 'not JSON'],
    ['a list of events', `[${textWith({})}]`, '(body): a JSON object'],
    ['a list of equal texts', '["a","a","a"]', '(body): a JSON object'],
    ['a text', '"evt_1"', '(body): a JSON object'],
    ['null', 'null', '(body): a JSON object'],
  ])('is malformed when it is %s', (_what, body, detail) => {
    expect(read(body)).toEqual({ ok: false, detail, id: null })
  })

  it('has no id when a key stands there twice, since it is unsure which one counts', () => {
    const twice = 'a top-level key stands there twice'
    expect(read(textWith({}, ',"id":"evt_2"'))).toEqual({ ok: false, detail: twice, id: null })
    expect(read(textWith({}, ',"tenant\\u005fid":"tnt_2"'))).toMatchObject({ detail: twice })
  })

  it('keeps its id when only another field is broken', () => {
    expect(read(textWith({ created: '"yesterday"' }))).toEqual({
      ok: false,
      detail: 'created: an ISO 8601 instant in UTC, with Z',
      id: 'evt_01HZX',
    })
    expect(read('{"id":"evt_9"}')).toMatchObject({ ok: false, id: 'evt_9' })
    expect(read('{"id":"whatever"}')).toMatchObject({ ok: false, id: null })
    expect(read('{"id":["evt_9"]}')).toMatchObject({ ok: false, id: null })
  })

  it('is described in words of ours, never with what was sent', () => {
    for (const name of Object.keys(fields)) {
      const result = read(textWith({ [name]: '"hunter2 \\u0000"' }))
      expect(result.ok).toBe(false)
      expect(JSON.stringify(result)).not.toContain('hunter2')
    }
  })
})
