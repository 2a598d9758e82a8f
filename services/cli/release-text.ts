import type { MovedCount, ReleaseTally, StayedCount } from '#quarantine/release-tally.ts'
import { cutTable } from './quarantine-text.ts'

/** What a release came to, or would come to. */
export interface ReleaseShown {
  readonly topic: string
  readonly waiting: number
  readonly tally: ReleaseTally
  readonly dryRun: boolean
  /** `done`, `stopped`, or why it ended early. */
  readonly end: string
}

function movedRow({ tenant, mode, domain, events }: MovedCount) {
  return [tenant, mode, domain, events]
}

function stayedRow({ reason, detail, events, example }: StayedCount) {
  return [reason, events, detail, example]
}

function lastLine({ tally, dryRun, end }: ReleaseShown): string {
  const whole = end === 'done' ? '' : ' (not to the end)'
  if (!dryRun) {
    return `Released ${tally.moved} events; ${tally.stayed} stay set aside${whole}.`
  }
  if (tally.moved === 0) return `Dry run: nothing could be released now${whole}.`
  return `Dry run: nothing was changed${whole}. To do it, add --yes.`
}

function notes({ tally: { unmarked } }: ReleaseShown): readonly string[] {
  if (unmarked === 0) return []
  return [
    `${unmarked} of them could not be marked; the next release writes them once more, and consumers remove the copies.`,
  ]
}

export function releaseLines(shown: ReleaseShown): readonly string[] {
  const { topic, waiting, tally, dryRun } = shown
  if (waiting === 0) return [`${topic}: no such event waits`]
  const head = ['tenant', 'mode', 'domain', dryRun ? 'would be released' : 'released']
  const moved = tally.movedCounts().map(movedRow)
  const stayed = tally.stayedCounts().map(stayedRow)
  const stayedHead = ['stays because', 'events', 'in words', 'one of them']
  return [
    `${topic}: ${waiting} events wait`,
    ...(moved.length === 0 ? [] : cutTable(head, moved)),
    ...(stayed.length === 0 ? [] : cutTable(stayedHead, stayed)),
    ...notes(shown),
    lastLine(shown),
  ]
}

export function releaseJson({ topic, waiting, tally, dryRun, end }: ReleaseShown): string {
  const { moved: released, stayed, unmarked } = tally
  const counts = { released, stayed, unmarked }
  const details = { released_to: tally.movedCounts(), stayed_because: tally.stayedCounts() }
  return JSON.stringify({ topic, dry_run: dryRun, end, waiting, ...counts, ...details })
}
