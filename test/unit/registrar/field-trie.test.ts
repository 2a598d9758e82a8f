import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FieldTrie } from '#registrar/field-trie.ts'
import { seenType, timesSeen, typeWord } from '#registrar/seen-type.ts'

function seen(...values: readonly unknown[]) {
  const trie = new FieldTrie(1000)
  for (const a of values) trie.add({ a })
  return trie.root.fields.get('a') ?? trie.root
}

function wordOf(...values: readonly unknown[]): string {
  const type = seenType(seen(...values))
  return type.kind === 'untyped' ? type.reason : typeWord(type)
}

describe('what was seen at a place', () => {
  it.each([
    [['x', null, 'y'], 'string'],
    [[1, 2], 'long'],
    [[1, 2.5], 'double'],
    [[2 ** 63], 'double'],
    [[true], 'boolean'],
    [[null], 'nothing'],
    [[{ b: 1 }, {}], 'record'],
    [[['x'], []], 'string[]'],
    [[[{ b: 1 }]], 'record[]'],
    [[[[1]]], 'long[][]'],
    [[[]], 'list'],
    [['x', 5], 'it was integer 1 times, string 1 times'],
    [['x', { b: 1 }], 'it was object 1 times, string 1 times'],
    [[['x', null]], 'its lists hold null'],
    [[['x', 5]], 'in its lists, it was integer 1 times, string 1 times'],
    [[{ 'not a name': 1 }], 'it has no key that could be a name'],
  ])('%j is %s', (values, word) => {
    expect(wordOf(...values)).toBe(word)
  })

  it('is counted, null included', () => {
    expect(timesSeen(seen('x', null, 'y'))).toBe(3)
  })
})

describe('the memory of what was seen', () => {
  it('takes an object with very many keys for a map, and forgets them', () => {
    const trie = new FieldTrie(1000)
    for (let i = 0; i < 5000; i += 1) trie.add({ balances: { [`user_${i}`]: i }, id: 'x' })
    expect(trie.root.fields.get('balances')).toMatchObject({ isMap: true, fields: new Map() })
    expect(trie.nodes).toBe(3)
    expect(trie.ignored).toBe(4800)
  })

  it('stays within its bounds whatever JSON comes', () => {
    const key = fc.stringMatching(/^[a-z]{1,3}$/)
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom(1, 'x', null, true),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 8 }),
      ),
    }))
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 8 }), (values) => {
        const trie = new FieldTrie(50)
        for (const value of values) trie.add(value)
        expect(trie.nodes).toBeLessThanOrEqual(50)
      }),
      { numRuns: 40 },
    )
  })

  it('does not follow nesting without end, nor names that are none', () => {
    const trie = new FieldTrie(1000)
    const deep = JSON.parse(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`)
    trie.add(deep)
    expect(trie.nodes).toBeLessThan(20)
    const other = new FieldTrie(1000)
    other.add(JSON.parse('{"__proto__":1,"ada@example.com":1,"A":1,"constructor":{"a":1}}'))
    expect([...other.root.fields.keys()]).toEqual(['constructor'])
    expect(other.ignored).toBe(3)
  })
})
