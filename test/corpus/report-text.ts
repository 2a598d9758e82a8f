import type { CorpusReport } from './run.ts'

function row(name: string, cases: number | string, failures: number | string): string {
  return `${name.padEnd(24)} ${String(cases).padStart(6)} ${String(failures).padStart(9)}\n`
}

/** The middle and the edges of sorted milliseconds. */
function timesText({ times, lookedAtAgain }: CorpusReport): string {
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1)
  const longest = (times.at(-1) ?? 0).toFixed(1)
  return `answers ${times.length}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${longest} ms; timed again beside plain events: ${lookedAtAgain} cases`
}

/** Cases of a class that failed; what belongs to no case counts one by one. */
function failuresOf({ faults }: CorpusReport, className: string): number {
  const own = faults.filter((fault) => fault.className === className)
  return new Set(own.map((fault) => fault.case || fault.fault)).size
}

/** One line a class, what failed below, and the times. */
export function reportText(report: CorpusReport): string {
  const { counts, faults } = report
  const rows = [...counts].map(([name, cases]) => row(name, cases, failuresOf(report, name)))
  const told = faults.map((fault) => `${fault.className}: ${fault.case}: ${fault.fault}\n`)
  return [row('class', 'cases', 'failures'), ...rows, ...told, `${timesText(report)}\n`].join('')
}

/** The line of the changes at random, and what failed below. */
export function mutationText(runs: number, fault: string | null): string {
  return row('mutations', runs, fault === null ? 0 : 1) + (fault === null ? '' : `${fault}\n`)
}
