import Table from 'cli-table3'
import type { ReplayTally } from '#consumers/runtime/replay.ts'
import type { ReplayExtent } from '#consumers/runtime/replay-extent.ts'

interface Shown {
  readonly tally: ReplayTally
  readonly again: boolean
  readonly dryRun: boolean
  readonly extent: Pick<ReplayExtent, 'ahead' | 'isCut'>
  /** False when it was interrupted. */
  readonly isWhole: boolean
}

interface Sum {
  readonly found: number
  readonly known: number
}

interface Period {
  readonly tenant: string
  readonly from: number
  readonly to: number
}

/** Over all types. */
export function sumOf({ types }: Pick<ReplayTally, 'types'>): Sum {
  let found = 0
  let known = 0
  for (const tally of types.values()) {
    found += tally.found
    known += tally.known
  }
  return { found, known }
}

/** How far an interrupted replay came, and what to do. */
export function foundIn(tally: ReplayTally): string {
  return `${sumOf(tally).found} events so far; the same command begins anew, and the inbox knows what was done`
}

function tableOf({ tally, again, dryRun }: Shown): string {
  const head = ['type', 'found', 'in the inbox', dryRun ? 'would be handled' : 'handled']
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  // A replay that handles again asks the inbox only in its dry run.
  const knownText = (known: number) => (again && !dryRun ? 'not asked' : String(known))
  const row = (type: string, { found, known }: Sum) => [
    type,
    String(found),
    knownText(known),
    String(again ? found : found - known),
  ]
  const sorted = [...tally.types].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [type, one] of sorted) table.push(row(type, one))
  table.push(row('all', sumOf(tally)))
  return table.toString()
}

function periodText({ tenant, from, to }: Period): string {
  const [first, last] = [from, to].map((ms) => new Date(ms).toISOString())
  return `${tenant}, written from ${first} to before ${last}`
}

function notes({ tally, extent }: Shown): readonly string[] {
  const { copies, unreadable } = tally
  const { ahead, isCut } = extent
  return [
    ...(isCut ? ['Older records have been removed from the topic by its retention.'] : []),
    ...(copies > 0 ? [`${copies} are copies of these on the topic and are left out.`] : []),
    ...(unreadable > 0 ? [`${unreadable} records cannot be read and stay set aside.`] : []),
    ...(ahead > 0n
      ? [`${ahead} records of the partition are still before the group, which handles them itself.`]
      : []),
  ]
}

function lastLine({ tally, again, dryRun, isWhole }: Shown): string {
  if (!dryRun) {
    const outcomes = [...tally.outcomes].map(([outcome, count]) => `${count} ${outcome}`)
    const text = outcomes.length === 0 ? 'nothing to handle' : outcomes.join(', ')
    return `${isWhole ? 'Done' : 'Before it was interrupted'}: ${text}.`
  }
  if (!isWhole) return 'Dry run: interrupted; nothing was changed.'
  const { found, known } = sumOf(tally)
  if (found === 0) return 'Dry run: there is nothing to handle.'
  if (again) return 'Dry run: nothing was changed. To handle them all again, add --yes.'
  if (known === found) {
    return 'Dry run: the inbox has them all, so --yes would change nothing; see --again.'
  }
  return 'Dry run: nothing was changed. To do it, add --yes.'
}

/** What a replay came to, or would come to. */
export function replayLines(groupId: string, period: Period, shown: Shown): readonly string[] {
  return [`${groupId}: ${periodText(period)}`, tableOf(shown), ...notes(shown), lastLine(shown)]
}
