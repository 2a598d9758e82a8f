import { markdownTable } from './markdown-table.ts'

/** A figure of `npm run bench`: the median of its rounds, the least and the most. */
interface BenchFigure {
  readonly name: string
  readonly unit: string
  readonly median: number
  readonly least: number
  readonly most: number
}

/** What `npm run bench` leaves in `docs/bench.json`. */
export interface BenchReport {
  /** Processors, memory, system, Node and commit. */
  readonly machine: string
  readonly rounds: number
  readonly figures: readonly BenchFigure[]
}

const MICROSECONDS = 1_000_000
/** A pod that is to take up what another one leaves may itself be half busy. */
const BUSY_SHARE = 0.5

function figureOf({ figures }: BenchReport, name: string, unit: string): BenchFigure {
  const found = figures.find((figure) => figure.name === name && figure.unit === unit)
  if (found === undefined) throw new RangeError(`the bench has no figure ${name} in ${unit}`)
  return found
}

/** Two digits that count: more would say more than a bench knows. */
function rounded(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en-US')
}

function span({ least, most }: BenchFigure, of: (value: number) => number): string {
  const ends = [of(least), of(most)].sort((a, b) => a - b)
  return ends.map(rounded).join(' to ')
}

/**
 * How much one pod does, from the bench's report.
 *
 * @throws RangeError when the report lacks a figure
 */
export function sizingDocument(report: BenchReport): string {
  const one = figureOf(report, 'ingress, 1 tenant', 'us CPU')
  const many = figureOf(report, 'ingress, 10,000 tenants', 'us CPU')
  const consumer = figureOf(report, 'consumer, batched', 'events/s')
  const perCore = (microseconds: number) => MICROSECONDS / microseconds
  const same = (value: number) => value
  const row = (what: string, figure: BenchFigure, of: (value: number) => number) => [
    what,
    rounded(of(figure.median)),
    span(figure, of),
    rounded(of(figure.median) * BUSY_SHARE),
  ]
  const table = markdownTable(
    ['Events per second', 'Median', 'Rounds', 'Plan with'],
    [
      row('an ingress, for one CPU, one tenant', one, perCore),
      row('an ingress, for one CPU, 10,000 tenants', many, perCore),
      row('a consumer, one process, with Postgres beside it', consumer, same),
    ],
  )
  return `${table}\n\n${report.rounds} rounds of \`npm run bench\` on ${report.machine}.`
}
