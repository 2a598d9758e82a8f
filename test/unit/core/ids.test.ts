import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apiVersion, endpointId, eventId, looksIssued, tenantId } from '#core/ids.ts'

const readers = [
  ['evt_', eventId],
  ['tnt_', tenantId],
  ['whk_', endpointId],
] as const

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 124,
})

describe.each(readers)('an identifier that begins with %s', (prefix, read) => {
  it('is taken as it stands, whatever variant of a ULID follows', () => {
    fc.assert(
      fc.property(visible, (rest) => {
        expect(read(prefix + rest)).toBe(prefix + rest)
      }),
    )
  })

  it('is refused with another prefix, or with nothing behind it', () => {
    const others = readers.map(([other]) => other).filter((other) => other !== prefix)
    for (const text of [...others.map((other) => `${other}01HZX`), prefix, '', '01HZX', ' evt_1']) {
      expect(read(text), text).toBeNull()
    }
    expect(read(`${prefix.toUpperCase()}01HZX`)).toBeNull()
  })

  it('is at most 128 characters long', () => {
    expect(read(prefix + 'x'.repeat(124))).not.toBeNull()
    expect(read(prefix + 'x'.repeat(125))).toBeNull()
  })

  it('holds visible ASCII only, so that it is safe in headers, keys and logs', () => {
    for (const rest of [
      'a b',
      'a\n',
      '\u0000',
      'a\u007f',
      'caf\u00e9',
      '\ud800',
      'a\tb',
      'a\r\nb',
    ]) {
      expect(read(prefix + rest), JSON.stringify(rest)).toBeNull()
    }
  })
})

describe('an API version', () => {
  it.each(['2025-11-01', '2026-02-01', '2026-05-19', '1999-12-31'])('may be %s', (text) => {
    expect(apiVersion(text)).toBe(text)
  })

  it.each([
    ...['', '2026-5-19', '2026-13-01', '2026-00-10', '2026-01-32', '2026-01-00'],
    ...['2026-05-19\n', ' 2026-05-19', '2026-05-19T00:00:00Z', '20260519', '\u0662026-05-19'],
  ])('is never %j', (text) => {
    expect(apiVersion(text)).toBeNull()
  })
})

describe('an endpoint id that nobody knows', () => {
  it('may be about to be set up when it looks as if QairoPay had issued it', () => {
    expect(looksIssued('whk_01HZX3V9GQ0000000000000000')).toBe(true)
    expect(looksIssued(`whk_${'a'.repeat(20)}`)).toBe(true)
    expect(looksIssued(`whk_${'a'.repeat(40)}`)).toBe(true)
  })

  it.each([
    ...['whk_1', `whk_${'a'.repeat(19)}`, `whk_${'a'.repeat(41)}`, `whk_${'a'.repeat(20)}-`],
    ...[`xwhk_${'a'.repeat(26)}`, `evt_${'a'.repeat(26)}`, '', 'admin', '../../etc/passwd'],
  ])('is a guess or a scan when it is %j', (text) => {
    expect(looksIssued(text)).toBe(false)
  })

  it('looks issued only when it is an endpoint id', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^whk_\w{15,45}$/)), (text) => {
        if (looksIssued(text)) expect(endpointId(text)).toBe(text)
      }),
    )
  })
})
