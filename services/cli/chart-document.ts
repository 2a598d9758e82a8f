import { stringify } from 'yaml'
import type { ChartValue } from './chart-values.ts'
import { chartValues } from './chart-values.ts'
import type { Row } from './markdown-table.ts'
import { markdownTable, prose } from './markdown-table.ts'
import { withRegion } from './readme.ts'

const HEAD = ['Value', 'Default', 'Meaning', 'Example']

function inline(value: unknown): string {
  const options = { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true } as const
  return stringify(value, options).trim()
}

function isUnder({ path }: ChartValue, section: string): boolean {
  return path === section || path.startsWith(`${section}.`)
}

/** What holds others has a row of its words alone. */
function row({ path, fallback, about, example }: ChartValue): Row {
  const [name, words] = [`\`${path}\``, prose(about)]
  if (example === null) return [name, '', words, '']
  return [name, `\`${inline(fallback)}\``, words, `\`${example}\``]
}

/** A section for each key at the top that holds others; what stands alone comes first. */
function tables(values: readonly ChartValue[]): string {
  const sections = values.filter(({ path, example }) => example === null && !path.includes('.'))
  const alone = values.filter((value) => !sections.some(({ path }) => isUnder(value, path)))
  const parts = sections.map((section) => {
    const own = values.filter((value) => value !== section && isUnder(value, section.path))
    return `### ${section.path}\n\n${prose(section.about)}\n\n${markdownTable(HEAD, own.map(row))}`
  })
  return [markdownTable(HEAD, alone.map(row)), ...parts].join('\n\n')
}

/** The README of the chart with its tables as values.yaml has them; the words around them stay. */
export function chartDocument(readme: string, values: string): string {
  return withRegion(readme, 'values', tables(chartValues(values)))
}
