import type { BenchReport } from '#cli/sizing-document.ts'

/** Results of the same thing in several rounds. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN
  const middle =
    sorted.length % 2 === 0 ? (at(0.5) + (sorted[sorted.length / 2 - 1] ?? 0)) / 2 : at(0.5)
  return { median: middle, least: at(0), most: at(1) }
}

/** What must be kept: a ratio, from round to round. */
export interface Target {
  readonly name: string
  readonly unit: string
  readonly values: readonly number[]
  /** Null for what is only shown. */
  readonly bound: { readonly kind: 'at least' | 'below'; readonly value: number } | null
}

/** The figures of a bench, each to three digits that count. */
export function benchReport(
  machine: string,
  rounds: number,
  targets: readonly Target[],
): BenchReport {
  const short = (value: number) => Number(value.toPrecision(3))
  const figures = targets.map(({ name, unit, values }) => {
    const { median, least, most } = spreadOf(values)
    return { name, unit, median: short(median), least: short(least), most: short(most) }
  })
  return { machine, rounds, figures }
}

export function isMet({ values, bound }: Target): boolean | null {
  if (bound === null) return null
  const { median } = spreadOf(values)
  return bound.kind === 'below' ? median < bound.value : median >= bound.value
}

function digits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3)
}

/** A table for people: median, least and most of the rounds. */
export function targetTable(targets: readonly Target[]): string {
  const rows = targets.map((target) => {
    const { median, least, most } = spreadOf(target.values)
    const { bound } = target
    const verdict = { true: 'met', false: 'MISSED', null: '' }[String(isMet(target))] ?? ''
    return [
      target.name,
      target.unit,
      digits(median),
      `${digits(least)} to ${digits(most)}`,
      bound === null ? '' : `${bound.kind} ${bound.value}`,
      verdict,
    ]
  })
  const all = [['', 'unit', 'median', 'spread', 'target', ''], ...rows]
  const widths = (all[0] ?? []).map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return `${all.map(line).join('\n')}\n`
}
