import { readFileSync } from 'node:fs'
import Schema from 'typebox/schema'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { chartDocument } from '#cli/chart-document.ts'
import { chartSchema } from '#cli/chart-schema.ts'
import type { JsonSchema } from '#cli/chart-schema-parts.ts'
import { chartValues } from '#cli/chart-values.ts'

const TEXT = readFileSync(
  new URL('../../../charts/event-router/values.yaml', import.meta.url),
  'utf8',
)
const values = chartValues(TEXT)

describe('values of a chart', () => {
  it('are read with their words, their example and their default', () => {
    const text = `# About the file.

# A group.
group:
  # The first.
  # It has two sentences.
  # Example: 7
  first: 5
  # A list.
  # Example: [b]
  list: [a]
  # A map as a whole.
  # Example: { c: 1 }
  map:
    inner: 2
# Alone.
# Example: x
alone: ""
`
    expect(chartValues(text)).toEqual([
      { path: 'group', about: 'A group.', example: null, fallback: expect.anything() },
      { path: 'group.first', about: 'The first. It has two sentences.', example: '7', fallback: 5 },
      { path: 'group.list', about: 'A list.', example: '[b]', fallback: ['a'] },
      {
        path: 'group.map',
        about: 'A map as a whole.',
        example: '{ c: 1 }',
        fallback: { inner: 2 },
      },
      { path: 'alone', about: 'Alone.', example: 'x', fallback: '' },
    ])
  })

  it('become one table for each group, after those that stand alone', () => {
    const text = '# Group.\ng:\n  # One.\n  # Example: 2\n  one: 1\n# Two.\n# Example: 4\ntwo: 3\n'
    const document = chartDocument('<!-- values:begin --><!-- values:end -->', text)
    expect(document.match(/`(?:two|g\.one)`/g)).toEqual(['`two`', '`g.one`'])
    expect(document).toMatch(/### g\n\nGroup\.\n\n\| Value /)
  })
})

const schema = Schema.Compile(chartSchema())

/** A value within the maps that its path names. */
function placed(path: string, value: unknown): unknown {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
}

describe('values.yaml', () => {
  it.each(values.map((value) => [value.path, value] as const))(
    'says what %s is for, in sentences, and shows a value that the schema takes',
    (path, { about, example, fallback }) => {
      expect(about).toMatch(/^\S.*[.:]$/)
      const isGroup = typeof fallback === 'object' && fallback !== null && !Array.isArray(fallback)
      if (example === null) expect([path, isGroup]).toEqual([path, true])
      else expect([path, schema.Check(placed(path, parse(example)))]).toEqual([path, true])
    },
  )

  it('leaves out nothing that the schema knows', () => {
    const explained = new Set(values.map(({ path }) => path))
    const { consumer } = chartSchema().definitions as { consumer: JsonSchema }
    const known = [...leaves(chartSchema(), ''), ...leaves(consumer, 'consumerDefaults.')].filter(
      (path) => !isWithin(path, explained),
    )
    expect(known).toEqual([])
  })
})

/** Paths of properties that have none below them. */
function leaves(schema: JsonSchema, above: string): readonly string[] {
  const { properties } = schema as { properties?: Record<string, JsonSchema> }
  return Object.entries(properties ?? {}).flatMap(([name, each]) => {
    const path = `${above}${name}`
    return 'properties' in each ? leaves(each, `${path}.`) : [path]
  })
}

/** Whether a path or what holds it is explained as a whole. */
function isWithin(path: string, explained: ReadonlySet<string>): boolean {
  const whole = new Set(values.filter(({ example }) => example !== null).map((each) => each.path))
  const parts = path.split('.')
  const holders = parts.map((_, i) => parts.slice(0, i + 1).join('.'))
  return explained.has(path) || holders.some((each) => whole.has(each))
}
