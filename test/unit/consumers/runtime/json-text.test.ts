import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyTexts, storable, storableText } from '#consumers/runtime/json-text.ts'

const body = (text: string) => Buffer.from(text, 'utf8')

describe('what the database keeps of a body', () => {
  it('keeps the digits of numbers that JavaScript cannot hold', () => {
    const texts = bodyTexts(
      body('{"data":{"card":{"id":"card_1","n":9223372036854775807,"e":1e2}}}'),
    )
    expect(texts?.resources.get('card')?.text).toBe(
      '{"id":"card_1","n":9223372036854775807,"e":1e2}',
    )
  })

  it.each(['123456789.123456789', '-12345678.123456789', '1.5E+3', '1e2', '-1234567890123456'])(
    'keeps %s as it is written, wherever it stands',
    (number) => {
      for (const data of [
        `{"card":{"n":${number}}}`,
        `{"card":{"n":[0, ${number},\t${number}]}}`,
      ]) {
        const texts = bodyTexts(body(`{"data":${data}}`))
        expect(texts?.data).toBe(data.replaceAll(/\s/g, ''))
      }
    },
  )

  it('replaces U+0000, which jsonb refuses, and leaves an escaped backslash before u0000 alone', () => {
    expect(storable('{"a":"x\\u0000y"}')).toBe('{"a":"x\\ufffdy"}')
    expect(storable('{"a":"x\\\\u0000y"}')).toBe('{"a":"x\\\\u0000y"}')
    expect(storable('{"a":"x\\\\\\u0000y"}')).toBe('{"a":"x\\\\\\ufffdy"}')
  })

  it('replaces lone surrogates and keeps pairs', () => {
    expect(storable('"\\ud83d\\ude00 \\ud83d \\ude00"')).toBe('"\\ud83d\\ude00 \\ufffd \\ufffd"')
  })

  it('gives text columns well-formed text without U+0000', () => {
    expect(storableText('a\u0000b\ud83d')).toBe('a\ufffdb\ufffd')
  })

  it('changes nothing else in any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value)
        fc.pre(!text.includes('\\u0000') && !/\\ud[89a-f]/i.test(text))
        expect(storable(text)).toBe(text)
      }),
    )
  })

  it('takes a missing and a null previous_attributes for the same', () => {
    expect(bodyTexts(body('{"data":{}}'))?.previousAttributes).toBeNull()
    expect(bodyTexts(body('{"data":{},"previous_attributes":null}'))?.previousAttributes).toBeNull()
    expect(bodyTexts(body('{"data":{},"previous_attributes":{"a":1}}'))?.previousAttributes).toBe(
      '{"a":1}',
    )
  })

  it('answers null for what is no event body', () => {
    for (const text of ['', '{', '[]', 'null', '{"data":[]}', '{"data":null}']) {
      expect(bodyTexts(body(text))).toBeNull()
    }
  })
})
