import { describe, expect, it } from 'vitest'
import { markdownTable, prose } from '#cli/markdown-table.ts'

describe('a table of Markdown', () => {
  it('is padded, so that the formatter has nothing to change', () => {
    const table = markdownTable(['A', 'Meaning'], [['long name', 'x']])
    expect(table.split('\n')).toEqual([
      '| A         | Meaning |',
      '| --------- | ------- |',
      '| long name | x       |',
    ])
  })

  it('has a rule of three dashes below the narrowest column', () => {
    expect(markdownTable(['A'], [['b']]).split('\n')).toEqual(['| A   |', '| --- |', '| b   |'])
  })

  it('is not broken by a bar in a cell', () => {
    expect(markdownTable(['A|B'], [])).toContain('| A\\|B |')
  })

  it('shows what looks like a tag or an emphasis as it is', () => {
    expect(prose('t=<unix seconds>, KAFKA_SASL_*')).toBe('t=\\<unix seconds>, KAFKA_SASL_\\*')
  })
})
