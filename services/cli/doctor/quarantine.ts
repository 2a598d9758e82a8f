import type { Mode } from '#core/routing.ts'
import type { Finding } from './finding.ts'
import { ok, warning } from './finding.ts'

/** What waits in the quarantine of a mode, by reason. */
export interface QuarantineFacts {
  readonly mode: Mode
  readonly waiting: number
  readonly reasons: ReadonlyMap<string, number>
}

function remedyOf({ mode, reasons }: QuarantineFacts): string {
  const see = `see \`quarantine stats --mode ${mode}\``
  if (reasons.has('unknown_version')) {
    return `${see}; \`versions list\` shows the versions that events wait for`
  }
  return `${see}, then \`quarantine release\` once the cause is gone`
}

/** What the ingress has set aside and nobody has released. */
export function quarantineFindings(facts: readonly QuarantineFacts[]): readonly Finding[] {
  const waiting = facts.filter((each) => each.waiting > 0)
  if (waiting.length === 0) return [ok('quarantine', 'nothing waits')]
  return waiting.map((each) => {
    const reasons = [...each.reasons].sort((a, b) => b[1] - a[1])
    const listed = reasons.map(([reason, count]) => `${reason} ${count}`).join(', ')
    const words = `${each.mode}: ${each.waiting === 1 ? '1 event waits' : `${each.waiting} events wait`}: ${listed}`
    return warning('quarantine', words, remedyOf(each))
  })
}
