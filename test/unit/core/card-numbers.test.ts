import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cardNumberPath, holdsCardNumber, shownPath } from '#core/card-numbers.ts'
import { HARMLESS, seeded } from '../../fixtures/random-ids.ts'
import { samples } from '../platform/avro/sample-events.ts'

/** Numbers that issuers and schemes publish for tests; no account stands behind them. */
const PUBLISHED = [
  '4111111111111111',
  '4222222222222',
  '5555555555554444',
  '2223003122003222',
  '378282246310005',
  '371449635398431',
  '30569309025904',
  '38520000023237',
  '6011111111111117',
  '3530111333300000',
  '6200000000000005',
  '6304000000000000',
  '2200000000000004',
  '4000000000000000006',
]
const VISA = '4111111111111111'

describe('a card number in a value', () => {
  it.each(PUBLISHED)('is found: %s', (digits) => {
    expect(holdsCardNumber(digits)).toBe(true)
    expect(cardNumberPath(`{"a":${digits}}`)).toEqual(['a'])
  })

  it.each([
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '3782 822463 10005',
    '3782-822463-10005',
    '41 11 11 11 11 11 11 11',
    '41111111 11111111',
    'card 4111 1111 1111 1111.',
    '4111 1111 1111 1111 12 27',
    '4111 1111 1111 1111 2027 123',
    '4111-1111-1111-1111 12/27',
    'order 7 of 4111111111111111 is paid',
    'a 12 4111 1111 1111 1111',
    'PAN:4111111111111111;',
    '"4111111111111111"',
    'https://example.com/?pan=4111111111111111&x=1',
    'No. 4111111111111111. Paid',
    '\u30ab4111111111111111',
    '\n4111111111111111\t',
  ])('is found in %j', (text) => {
    expect(holdsCardNumber(text)).toBe(true)
    expect(cardNumberPath(JSON.stringify({ a: text }))).toEqual(['a'])
  })

  it.each([
    ['another check digit', '4111111111111112'],
    ['no issuer', '1111111111111117'],
    ['no length of its issuer', '41111111111111'],
    ['too few digits', '411111111111'],
    ['more digits', '41111111111111110000'],
    ['two spaces', '4111  1111 1111 1111'],
    ['single digits', '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1'],
    ['both kinds of groups', '4111 1111-1111 1111'],
    ['a letter before', 'a4111111111111111'],
    ['a letter behind', '4111111111111111e3'],
    ['an underscore', 'txn_4111111111111111'],
    ['a sign', '+4111111111111111'],
    ['a minus', '-4111111111111111'],
    ['a fraction', '0.4111111111111111'],
    ['decimals', '4111111111111111.00'],
    ['a word behind a dash', '4111-1111-1111-1111-abc'],
    ['a uuid around it', 'f47ac10b-4111-1111-1111-111111111111'],
    ['an account number around it', 'DE89 4111 1111 1111 1111'],
    ['more groups of four before', '9400 4111 1111 1111 1111'],
  ])('is not found with %s', (_what, text) => {
    expect(holdsCardNumber(text)).toBe(false)
    expect(cardNumberPath(JSON.stringify({ a: text }))).toBeNull()
  })

  it.each([`-${VISA}`, `${VISA}.5`, `${VISA}e2`, `0.${VISA}`, '1780000000000'])(
    'is not the number %s',
    (token) => {
      expect(cardNumberPath(`{"a":${token},"b":[${token} , ${token}]}`)).toBeNull()
    },
  )
})

describe('the path to a card number', () => {
  it.each([
    ['{"a":{"b":[1,{"c":"4111 1111 1111 1111"}]}}', ['a', 'b', '[]', 'c']],
    ['{"a":[[4111111111111111]]}', ['a', '[]', '[]']],
    ['{"a":{},"b":[],"c":"x","d":4111111111111111}', ['d']],
    ['{"a":{"x":1},"b":"4111111111111111","c":"5555555555554444"}', ['b']],
    [' [ 4111111111111111 ] ', ['[]']],
    ['"4111111111111111"', []],
    ['4111111111111111', []],
    ['{"a\\"b\\u0063":"4111111111111111"}', ['a"bc']],
    ['{"a":"\\n4111111111111111"}', ['a']],
    ['{"a":"\\u00e94111111111111111"}', ['a']],
    ['{"a":"\\u1234 4111 1111 1111 1111"}', ['a']],
    ['{"a":"4\\u0031\\u00311111\\u00311111111\\u0031"}', ['a']],
    ['{"a":"4111\\u00201111\\u00201111\\u00201111"}', ['a']],
    ['{"a":"4111\\u002d1111\\u002D1111-1111"}', ['a']],
  ])('in %s', (text, path) => {
    expect(cardNumberPath(text)).toEqual(path)
  })

  it('leads to no key, and past keys that look like one', () => {
    expect(cardNumberPath(`{"${VISA}":1,"a":{"4111 1111 1111 1111":null}}`)).toBeNull()
    expect(cardNumberPath(`{"${VISA}":{"a":"${VISA}"}}`)).toEqual([VISA, 'a'])
  })

  it('is found wherever in a body it stands', () => {
    const spots = fc.tuple(fc.jsonValue({ maxDepth: 3 }), fc.string(), fc.nat(200))
    fc.assert(
      fc.property(spots, ([other, key, room]) => {
        const body = { pad: 'x'.repeat(room), other: [other], [`k${key}`]: [`is ${VISA}`] }
        for (const text of [JSON.stringify(body), JSON.stringify(body, null, 2)]) {
          expect(cardNumberPath(text)).not.toBeNull()
        }
      }),
    )
  })

  it('is found at every distance from the places that are probed', () => {
    for (let room = 0; room < 60; room += 1) {
      expect(cardNumberPath(`{"p":"${'x'.repeat(room)}","a":"4222222222222"}`)).toEqual(['a'])
      expect(cardNumberPath(`{"p":"${'1 '.repeat(room)}","a":4222222222222}`)).toEqual(['a'])
      expect(cardNumberPath(`[1${'1'.repeat(room)},4222222222222]`)).toEqual(['[]'])
    }
  })

  it('is shown only where each name is one of ours', () => {
    const known = new Set(['data', 'transaction', 'merchant', 'lines', 'name'])
    const path = ['data', 'transaction', 'lines', '[]', 'name']
    expect(shownPath(path, known)).toBe('data.transaction.lines[].name')
    expect(shownPath(['data', VISA], known)).toBeNull()
    expect(shownPath(['data', 'Jane Doe', 'name'], known)).toBeNull()
  })
})

/** CPU time of a search, in microseconds: the least of three, as others use the machine as well. */
function leastCost(part: string, bytes: number): number {
  const text = JSON.stringify({ a: part.repeat(Math.floor(bytes / part.length)) })
  const costs = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage()
    cardNumberPath(text)
    const { user, system } = process.cpuUsage(before)
    return user + system
  })
  return Math.min(...costs)
}

describe('what is no card number', () => {
  it.each(samples)('is not taken for one: $version $type', ({ raw }) => {
    expect(cardNumberPath(raw.toString())).toBeNull()
    expect(cardNumberPath(JSON.stringify(JSON.parse(raw.toString())))).toBeNull()
  })

  it.each(Object.keys(HARMLESS))('is not taken for one: 20,000 times %s', (kind) => {
    const next = seeded(1)
    for (let i = 0; i < 20_000; i += 1) {
      const value = HARMLESS[kind]?.(next)
      const text = JSON.stringify({ a: value })
      if (cardNumberPath(text) !== null) expect(text).toBe('no card number')
    }
  })

  it.each(['4', '4111 ', '4111-', '4111 1111 1111 1112  ', '- ', '41 '])(
    'costs no more a byte in a mebibyte of "%s" than in a sixteenth of it',
    (part) => {
      const small = leastCost(part, 65_536)
      // Sixteen times as much; what tries each beginning with each end would take 256 times.
      expect(leastCost(part, 16 * 65_536)).toBeLessThan(64 * small)
    },
  )
})
