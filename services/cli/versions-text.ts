import type { MovedCount, ReleaseTally } from '#quarantine/release-tally.ts'
import type { ActivationEnd, ActivationStep } from '#registrar/activation.ts'
import { cutTable } from './quarantine-text.ts'

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** How far an activation is, in words. */
export function stepNote(step: ActivationStep): string {
  switch (step.kind) {
    case 'begun':
      return `is ${step.state}`
    case 'round':
      return `round ${step.round}: ${step.looked} events wait`
    case 'draining':
      return `is draining: its events are answered 503 for about ${seconds(step.settleMs)}`
    case 'settled':
      return 'nothing is set aside any more'
    case 'rest':
      return `the rest: ${step.looked} events waited`
    case 'active':
      return 'is active'
  }
}

/** Released events by mode and domain. */
interface ReleasedCount {
  readonly mode: string
  readonly domain: string
  readonly events: number
  readonly tenants: number
}

function releasedCounts(moved: readonly MovedCount[]): readonly ReleasedCount[] {
  const counts = new Map<string, ReleasedCount>()
  for (const { mode, domain, events } of moved) {
    const key = `${mode} ${domain}`
    const known = counts.get(key) ?? { mode, domain, events: 0, tenants: 0 }
    counts.set(key, { ...known, events: known.events + events, tenants: known.tenants + 1 })
  }
  return [...counts.values()].sort((a, b) => b.events - a.events)
}

export interface ActivationShown {
  readonly version: string
  readonly end: ActivationEnd
  readonly tally: ReleaseTally
}

/** The end as the audit and machines have it. */
export function endWord(end: ActivationEnd): string {
  return end.kind === 'halted' ? end.why : end.kind
}

function lastLine({ version, end, tally }: ActivationShown): string {
  const released = `${tally.moved} events were released`
  if (end.kind !== 'active') return `${version}: ${released}, and it is not active yet.`
  if (end.drainingMs === null) return `${version} is active already; nothing was released.`
  return `${version} is active; ${released}. It was draining for ${seconds(end.drainingMs)}.`
}

export function activationLines(shown: ActivationShown): readonly string[] {
  const { version, tally } = shown
  const released = releasedCounts(tally.movedCounts())
  const stayed = tally.stayedCounts()
  const rows = released.map(({ mode, domain, events, tenants }) => [mode, domain, events, tenants])
  const stayedRows = stayed.map(({ reason, events, detail, example }) => {
    return [reason, events, detail, example]
  })
  const stayedHead = ['stays because', 'events', 'in words', 'one of them']
  const unmarked = tally.unmarked === 0 ? [] : [`${tally.unmarked} could not be marked as released`]
  return [
    ...(rows.length === 0 ? [] : cutTable(['mode', 'domain', 'released', 'tenants'], rows)),
    ...(stayedRows.length === 0 ? [] : cutTable(stayedHead, stayedRows)),
    ...unmarked,
    lastLine(shown),
    ...(stayed.length === 0
      ? []
      : [`What stays is looked at with \`quarantine list --version ${version}\`.`]),
  ]
}

export function activationJson({ version, end, tally }: ActivationShown): string {
  const { moved: released, stayed, unmarked } = tally
  const state = end.kind === 'active' || end.kind === 'retired' ? end.kind : null
  const drainingMs = end.kind === 'active' ? end.drainingMs : null
  return JSON.stringify({
    version,
    state,
    end: endWord(end),
    draining_seconds: drainingMs === null ? null : Math.round(drainingMs / 100) / 10,
    released,
    stayed,
    unmarked,
    released_to: releasedCounts(tally.movedCounts()),
    stayed_because: tally.stayedCounts(),
  })
}
