import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scanJson } from '#core/json-scan.ts'

/** JSON text, with what is known of it from the way it was made. */
interface Made {
  readonly text: string
  readonly depth: number
}

interface Member {
  readonly key: string
  readonly value: Made
}

const space = fc.constantFrom('', '', ' ', '\n', '\t\r\n  ')

const piece = fc.oneof(
  fc.constantFrom('\\"', '\\\\', '\\/', '\\n', '\\u0022', '\\u005c', '\\ud83d\\ude00', '\\ud800'),
  fc.constantFrom('{', '}', '[', ']', ',', ':', ' ', 'a', '\u00e9', '\u{1f600}', '\u2028'),
  fc.constantFrom('previous_attributes', '"x":1'.replaceAll('"', '\\"')),
)
const stringText = fc.array(piece, { maxLength: 6 }).map((pieces) => `"${pieces.join('')}"`)

const SPANNED = [
  '"previous_attributes"',
  '"\\u0070revious_attributes"',
  '"previous\\u005fattributes"',
]
const keyText = fc.oneof(
  stringText,
  fc.constantFrom(...SPANNED, '"id"', '"\\u0069d"', '"i\\u0064"', '"data"', '"__proto__"', '""'),
)

const leaf = fc
  .oneof(stringText, fc.constantFrom('0', '-1.5e+3', '9223372036854775807', 'true', 'null'))
  .map((text): Made => ({ text, depth: 0 }))

function deepest(parts: readonly Made[]): number {
  return 1 + Math.max(0, ...parts.map(({ depth }) => depth))
}

function array(items: readonly Made[], gap: string): Made {
  const text = `[${gap}${items.map((item) => item.text).join(`${gap},${gap}`)}${gap}]`
  return { text, depth: deepest(items) }
}

function object(members: readonly Member[], gap: string): Made {
  const text = members.map(({ key, value }) => `${key}${gap}:${gap}${value.text}`)
  return {
    text: `{${gap}${text.join(`${gap},${gap}`)}${gap}}`,
    depth: deepest(members.map(({ value }) => value)),
  }
}

const { value } = fc.letrec<{ value: Made; member: Member }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.array(tie('value'), { maxLength: 4 }), space)
      .map(([items, gap]) => array(items, gap)),
    fc
      .tuple(fc.array(tie('member'), { maxLength: 4 }), space)
      .map(([members, gap]) => object(members, gap)),
  ),
  member: fc.record({ key: keyText, value: tie('value') }),
}))

const members = fc.array(fc.record({ key: keyText, value }), { maxLength: 7 })

function names(list: readonly Member[]): string[] {
  return list.map(({ key }) => JSON.parse(key) as string)
}

describe('what JSON.parse hides', () => {
  it('is found in any object: repeated keys, depth, and the previous attributes as sent', () => {
    fc.assert(
      fc.property(members, space, space, (list, gap, around) => {
        const { text, depth } = object(list, gap)
        const keys = names(list)
        const place = keys.lastIndexOf('previous_attributes')
        JSON.parse(text)
        expect(scanJson(`${around}${text}${around}`)).toEqual({
          repeatedKey: new Set(keys).size < keys.length,
          depth,
          previousAttributes: list[place]?.value.text ?? null,
        })
      }),
      { numRuns: 1500 },
    )
  })

  it('is nothing but the depth for values that are no object', () => {
    const list = fc.array(value, { maxLength: 7 })
    fc.assert(
      fc.property(
        fc.oneof(
          leaf,
          fc.tuple(list, space).map(([items, gap]) => array(items, gap)),
        ),
        (made) => {
          JSON.parse(made.text)
          expect(scanJson(made.text)).toEqual({
            repeatedKey: false,
            depth: made.depth,
            previousAttributes: null,
          })
        },
      ),
      { numRuns: 500 },
    )
  })

  it('sees a key that stands there twice, also when one is written with escapes', () => {
    expect(scanJson('{"a":1,"a":1}').repeatedKey).toBe(true)
    expect(scanJson('{"tenant_id":"x","\\u0074enant_id":"y"}').repeatedKey).toBe(true)
    expect(scanJson('{"a\\u0022":1,"a\\"":2}').repeatedKey).toBe(true)
  })

  it('lets keys repeat below the top level, and text repeat in values', () => {
    expect(scanJson('{"a":{"b":1,"b":2},"b":"a","c":["a","a"]}').repeatedKey).toBe(false)
    expect(scanJson('["a","a",{"a":1}]').repeatedKey).toBe(false)
  })

  it('keeps digits, spaces and escapes of the previous attributes byte for byte', () => {
    const span = '{ "n" : 9223372036854775807, "s":"caf\\u00e9 }\\\\", "e":1.0e2 }'
    const text = `{"x":"\\"previous_attributes\\":{}","previous_attributes" :\n ${span} \n,"y":[1]}`
    expect(scanJson(text).previousAttributes).toBe(span)
  })

  it('finds the previous attributes as the last key, and as a bare null', () => {
    expect(scanJson('{"a":1,"previous_attributes": null }').previousAttributes).toBe('null')
    expect(scanJson('{"data":{"previous_attributes":{}}}').previousAttributes).toBeNull()
    expect(scanJson('{"a":"previous_attributes"}').previousAttributes).toBeNull()
  })

  it('takes a body of a megabyte of brackets or of backslashes in little time', () => {
    const before = performance.now()
    expect(scanJson('['.repeat(500_000) + ']'.repeat(500_000)).depth).toBe(500_000)
    scanJson(`{"a":"${'\\\\'.repeat(500_000)}"}`)
    scanJson(`{"a":"${'\\"'.repeat(500_000)}"}`)
    expect(performance.now() - before).toBeLessThan(2000)
  })
})
