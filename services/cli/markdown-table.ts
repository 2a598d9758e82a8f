/** Cells of one row, left to right. */
export type Row = readonly string[]

/** Plain text as it is: no tags, no emphasis. */
export function prose(text: string): string {
  return text.replaceAll(/[<*]/g, '\\$&')
}

/** A bar would end the cell, also within code. */
function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|')
}

/** A table of Markdown, padded as Biome formats it. Cells must be of characters of one column. */
export function markdownTable(head: Row, rows: readonly Row[]): string {
  const cells = [head, ...rows].map((row) => row.map(escaped))
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((row) => [...(row[column] ?? '')].length)),
  )
  const line = (row: Row) => `| ${row.join(' | ')} |`
  const padded = cells.map((row) => line(row.map((cell, i) => cell.padEnd(widths[i] ?? 0))))
  const rule = line(widths.map((width) => '-'.repeat(width)))
  return [padded[0], rule, ...padded.slice(1)].join('\n')
}
