import { stringify } from 'yaml'
import type { ChartValue } from './chart-values.ts'
import { chartValues } from './chart-values.ts'
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

function table(values: readonly ChartValue[]): string {
  const rows = values
    .filter(({ example }) => example !== null)
    .map(({ path, fallback, about, example }) => [
      `\`${path}\``,
      `\`${inline(fallback)}\``,
      prose(about),
      `\`${example}\``,
    ])
  return markdownTable(HEAD, rows)
}

/** A section for each key at the top that holds others; what stands alone comes first. */
function tables(values: readonly ChartValue[]): string {
  const sections = values.filter(({ path, example }) => example === null && !path.includes('.'))
  const alone = values.filter((value) => !sections.some(({ path }) => isUnder(value, path)))
  const parts = sections.map((section) => {
    const own = values.filter((value) => isUnder(value, section.path))
    return `### ${section.path}\n\n${prose(section.about)}\n\n${table(own)}`
  })
  return [table(alone), ...parts].join('\n\n')
}

/** The README of the chart with its tables as values.yaml has them; the words around them stay. */
export function chartDocument(readme: string, values: string): string {
  return withRegion(readme, 'values', tables(chartValues(values)))
}
