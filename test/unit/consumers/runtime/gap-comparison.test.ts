import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  announcedPaths,
  contradictions,
  sameValue,
  saysAnything,
  silentChanges,
} from '#consumers/runtime/gap-comparison.ts'
import { parsedExactly } from '#consumers/runtime/json-text.ts'

const json = parsedExactly

/** Paths in which an update's words and a snapshot disagree. */
function paths(previous: string, before: string): readonly string[] {
  return contradictions(json(previous), json(before)).map(({ path }) => path)
}

/** Any JSON value, with keys that are dangerous in JavaScript among the others. */
const names = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '0', '', 'é'),
  fc.string({ unit: 'grapheme', maxLength: 6 }).filter((name) => !name.includes('.')),
)
const { value: values } = fc.letrec((tie) => ({
  scalar: fc.oneof(
    fc.constant('null'),
    fc.boolean().map(String),
    fc.bigInt().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n)),
    fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
  fields: fc
    .uniqueArray(fc.tuple(names, tie('value')), { maxLength: 4, selector: ([name]) => name })
    .map((all) => `{${all.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
  value: fc.oneof({ depthSize: 'small' }, tie('scalar'), tie('list'), tie('fields')),
})) as { value: fc.Arbitrary<string> }
const objects = fc
  .uniqueArray(fc.tuple(names, values), { maxLength: 4, selector: ([name]) => name })
  .map((all) => `{${all.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`)

function isObject(value: unknown): value is Record<string, unknown> {
  return /^\{/.test(JSON.stringify(value) ?? '')
}

/** Some of the fields of an object, down to any depth. */
function partOf(value: unknown, keep: () => boolean): unknown {
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(keep)
  return Object.fromEntries(kept.map(([name, inner]) => [name, partOf(inner, keep)]))
}

describe('values', () => {
  it.each([
    ['1', '1.0'],
    ['100', '1e2'],
    ['0.000001', '1E-6'],
    ['-0', '0e5'],
    ['9007199254740993', '9007199254740993.000'],
    ['"\\u00e9"', '"é"'],
    ['{"a":1,"b":2}', '{"b":2,"a":1}'],
    ['[{"a":1,"b":null}]', '[{"a":1}]'],
  ])('%s and %s are the same', (a, b) => {
    expect(sameValue(json(a), json(b))).toBe(true)
    expect(sameValue(json(b), json(a))).toBe(true)
  })

  it.each([
    ['9007199254740993', '9007199254740992'],
    ['123456789.123456789', '123456789.123456788'],
    ['1', '-1'],
    ['1e2', '1e3'],
    ['1', '"1"'],
    ['0', 'null'],
    ['false', 'null'],
    ['""', 'null'],
    ['[]', 'null'],
    ['{}', '[]'],
    ['{"rawJSON":"1e2"}', '1e2'],
    ['[1,2]', '[2,1]'],
    ['[1]', '[1,null]'],
    ['"é"', '"e\\u0301"'],
    ['{"__proto__":1}', '{}'],
    ['{"toString":null}', '{"toString":1}'],
  ])('%s and %s differ', (a, b) => {
    expect(sameValue(json(a), json(b))).toBe(false)
    expect(sameValue(json(b), json(a))).toBe(false)
  })

  it('equal themselves, whatever they are, and however their numbers are written', () => {
    fc.assert(
      fc.property(values, (text) => {
        const plain = /[eE]/.test(text) ? text : text.replace(/(?<=[[:,])\d+(?=[\],}])/g, '$&.0')
        expect(sameValue(json(text), json(text))).toBe(true)
        if (!text.includes('"')) expect(sameValue(json(text), json(plain))).toBe(true)
      }),
    )
  })

  it('differ as soon as one digit of a number does', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.nat(30), (n, zeros) => {
        const scale = 10n ** BigInt(zeros)
        expect(sameValue(json(`${n * scale}`), json(`${n}e${zeros}`))).toBe(true)
        expect(sameValue(json(`${n * scale + 1n}`), json(`${n}e${zeros}`))).toBe(false)
      }),
    )
  })
})

describe('an update and the snapshot before it', () => {
  it.each([
    ['a field that was otherwise', '{"a":1}', '{"a":2}', ['a']],
    ['fields that it does not name', '{"a":1}', '{"a":1,"b":9}', []],
    ['null for a field that was not there', '{"a":null}', '{}', []],
    ['null for a field that was there', '{"a":null}', '{"a":0}', ['a']],
    ['a field that is not there', '{"a":1}', '{}', ['a']],
    ['one key of a nested object', '{"a":{"b":1}}', '{"a":{"b":1,"c":2}}', []],
    ['one key of a nested object', '{"a":{"b":1}}', '{"a":{"b":2,"c":2}}', ['a.b']],
    ['a nested object where there was none', '{"a":{"b":1}}', '{"a":null}', ['a.b']],
    ['nothing of a nested object', '{"a":{}}', '{"a":{"b":1}}', []],
    ['a dotted path', '{"a.b":1}', '{"a":{"b":1,"c":2}}', []],
    ['a dotted path', '{"a.b":1}', '{"a":{"b":2}}', ['a.b']],
    ['a dotted path below a nested object', '{"a":{"b.c":1}}', '{"a":{"b":{"c":2}}}', ['a.b.c']],
    ['a dotted path that is a name', '{"a.b":1}', '{"a.b":1,"a":{"b":2}}', []],
    [
      'a dotted path with a dotted name in it',
      '{"a.b.c.d":1}',
      '{"a":{"b.c":{"d":2}}}',
      ['a.b.c.d'],
    ],
    ['a dotted path with a dotted name in it', '{"a.b.c.d":2}', '{"a":{"b.c":{"d":2}}}', []],
    ['a dotted path that leads nowhere', '{"a.b.c":1}', '{"a":1}', ['a.b.c']],
    ['a dotted path to nothing, for nothing', '{"a.b.c":null}', '{"a":1}', []],
    ['a list, whole', '{"a":[1,2]}', '{"a":[1,2,3]}', ['a']],
    ['an item of a list', '{"a.1.b":5}', '{"a":[{},{"b":5}]}', []],
    ['an item of a list', '{"a":{"1":{"b":5}}}', '{"a":[{},{"b":6}]}', ['a.1.b']],
    ['the length of a list as no field', '{"a":{"length":null}}', '{"a":[1]}', []],
    ['an object for what is a number', '{"a":{"b":1}}', '{"a":9007199254740993}', ['a.b']],
    ['a number for what is an object', '{"a":1e2}', '{"a":{"rawJSON":"1e2"}}', ['a']],
    ['digits beyond a double', '{"a":9007199254740993}', '{"a":9007199254740992}', ['a']],
    ['names from the prototype', '{"toString":null,"__proto__":null}', '{}', []],
    ['names from the prototype', '{"__proto__":{"x":1}}', '{"__proto__":{"x":2}}', ['__proto__.x']],
    ['another script', '{"имя":"Ж"}', '{"имя":"ж"}', ['имя']],
    ['nothing', '{}', '{"a":1}', []],
    ['nothing', 'null', '{"a":1}', []],
    ['a text', '"a"', '{"a":1}', []],
    ['a list', '[1]', '[2]', []],
  ])('%s: %s against %s', (_title, previous, before, expected) => {
    expect(paths(previous, before)).toEqual(expected)
  })

  it('agree when the update names any part of the snapshot', () => {
    fc.assert(
      fc.property(objects, fc.infiniteStream(fc.boolean()), (text, flags) => {
        const before = json(text)
        const previous = partOf(before, () => flags.next().value)
        expect(contradictions(previous, before)).toEqual([])
      }),
    )
  })

  it('agree the same way when nested names are dotted', () => {
    fc.assert(
      fc.property(objects, names, names, values, values, (text, outer, inner, value, other) => {
        const word = (name: string) => JSON.stringify(name)
        const before = `{"snapshot":${text},${word(outer)}:{${word(inner)}:${value}}}`
        const named = (was: string) => `{${word(`${outer}.${inner}`)}:${was}}`
        fc.pre(outer !== 'snapshot')
        const same = sameValue(json(value), json(other)) || other === '{}'
        fc.pre(!other.startsWith('{'))
        expect(paths(named(value.startsWith('{') ? '{}' : value), before)).toEqual([])
        expect(paths(named(other), before)).toEqual(same ? [] : [`${outer}.${inner}`])
      }),
    )
  })

  it('say what was expected and what was found, with every digit', () => {
    const [only] = contradictions(json('{"a":9007199254740993}'), json('{}'))
    expect(JSON.stringify(only)).toBe('{"path":"a","expected":9007199254740993,"found":null}')
  })
})

describe('what an update names', () => {
  it('are its fields, down to what is no object', () => {
    const named = '{"a":1,"b":{"c":[{"d":1}],"e.f":null},"g":{},"h":1e2}'
    expect(announcedPaths(json(named))).toEqual(['a', 'b.c', 'b.e.f', 'g', 'h'])
  })

  it('is nothing when it is empty, null or no object', () => {
    expect(
      ['{}', 'null', '[1]', '1e2', '{"a":null}'].map((text) => saysAnything(json(text))),
    ).toEqual([false, false, false, false, true])
  })
})

describe('a change that an update does not name', () => {
  const silent = (previous: string, before: string, after: string, announced: string[]) =>
    silentChanges(json(previous), json(before), json(after), announced).map(({ path }) => path)

  it('counts for fields that are named as a rule', () => {
    expect(silent('{"a":1}', '{"a":1,"b":1,"c":1}', '{"a":2,"b":2,"c":2}', ['a', 'b'])).toEqual([
      'b',
    ])
  })

  it('counts below a nested field, and for a field that is gone', () => {
    const before = '{"a":1,"b":{"c":1,"d":1},"e":1}'
    expect(silent('{"a":1}', before, '{"a":2,"b":{"c":2,"d":2}}', ['b.c', 'e'])).toEqual([
      'b.c',
      'e',
    ])
  })

  it('counts beside a named key, unless the key may have been new', () => {
    const after = '{"b":{"c":2,"d":2}}'
    for (const previous of ['{"b":{"c":1}}', '{"b.c":1}']) {
      expect(silent(previous, '{"b":{"c":1,"d":1}}', after, ['b', 'b.c', 'b.d'])).toEqual(['b.d'])
    }
    expect(silent('{"b":{"c":1}}', '{"b":{"c":1}}', after, ['b', 'b.c', 'b.d'])).toEqual([])
    expect(silent('{"b.c":1}', '{"b":{"c":1}}', after, ['b', 'b.c', 'b.d'])).toEqual(['b.d'])
  })

  it('does not count below what is named whole', () => {
    const [before, after] = ['{"b":null}', '{"b":{"c":2}}']
    for (const previous of ['{"b":null}', '{"b":{}}', '{"b":[1]}']) {
      expect(silent(previous, before, after, ['b', 'b.c'])).toEqual([])
    }
  })

  it('does not count when values are the same in other words', () => {
    expect(silent('{"a":1}', '{"b":1e2,"c":null}', '{"b":100.0}', ['b', 'c'])).toEqual([])
  })
})
