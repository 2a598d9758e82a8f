const COLUMNS = 100

function inOneLine(values: readonly unknown[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(', ')}]`
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

function lines(open: string, items: readonly string[], close: string, indent: string): string {
  if (items.length === 0) return `${open}${close}`
  return `${open}\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}${close}`
}

/** @param before characters of the line in front of the value */
function written(value: unknown, indent: string, before: number): string {
  if (isScalar(value)) return JSON.stringify(value)
  const deeper = `${indent}  `
  if (!Array.isArray(value)) {
    const members = Object.entries(value as object).map(([name, member]) => {
      const key = `${JSON.stringify(name)}: `
      return `${key}${written(member, deeper, deeper.length + key.length)}`
    })
    return lines('{', members, '}', indent)
  }
  const line = inOneLine(value)
  // A comma may follow.
  if (value.every(isScalar) && before + line.length < COLUMNS) return line
  return lines(
    '[',
    value.map((item) => written(item, deeper, deeper.length)),
    ']',
    indent,
  )
}

/** JSON as Biome formats it: objects over several lines, lists of scalars on one where they fit. */
export function jsonText(value: unknown): string {
  return `${written(value, '', 0)}\n`
}
