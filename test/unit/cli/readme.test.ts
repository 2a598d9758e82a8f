import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readExamples } from '#cli/reader-examples.ts'
import { documented, exampleDocument, withRegion } from '#cli/readme.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

describe('README.md', () => {
  it('holds the tables and examples as the code has them (after `npm run docs`)', async () => {
    const readme = readFileSync(`${ROOT}/README.md`, 'utf8')
    expect(documented(readme, await readExamples(ROOT))).toBe(readme)
  })
})

describe('an example', () => {
  it('is what a program marks, as a code block without tabs', () => {
    const source = 'a\n// README: begin\n\nif x {\n\ty()\n}\n// README: end\nz\n'
    expect(exampleDocument({ language: 'go', source })).toBe('```go\nif x {\n    y()\n}\n```')
  })

  it.each([
    ['no mark', 'a'],
    ['no end', '# README: begin\na'],
    ['two beginnings', '# README: begin\n# README: begin\na\n# README: end'],
  ])('is refused when there is %s', (_, source) => {
    expect(() => exampleDocument({ language: 'go', source })).toThrow(RangeError)
  })
})

describe('a region of a text', () => {
  const text = 'before\n<!-- x:begin -->\nold\n<!-- x:end -->\nafter\n'

  it('is replaced, and the words around it stay', () => {
    expect(withRegion(text, 'x', 'new')).toBe(
      'before\n<!-- x:begin -->\n\nnew\n\n<!-- x:end -->\nafter\n',
    )
  })

  it('is the same when it is written a second time', () => {
    const once = withRegion(text, 'x', 'new')
    expect(withRegion(once, 'x', 'new')).toBe(once)
  })

  it.each([
    ['is missing', 'nothing'],
    ['does not end', '<!-- x:begin -->'],
    ['does not begin', '<!-- x:end -->'],
    ['ends before it begins', '<!-- x:end --><!-- x:begin -->'],
    ['begins twice', `${text}<!-- x:begin -->`],
    ['ends twice', `${text}<!-- x:end -->`],
  ])('is refused when it %s', (_, broken) => {
    expect(() => withRegion(broken, 'x', 'new')).toThrow(RangeError)
  })
})
