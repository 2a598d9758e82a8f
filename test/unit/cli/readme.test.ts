import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { documented, withRegion } from '#cli/readme.ts'

describe('README.md', () => {
  it('holds the tables as the code has them (after `npm run docs`)', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
    expect(documented(readme)).toBe(readme)
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
