import type { CatalogueEntry } from '#core/catalogue.ts'
import type { VersionState } from '#core/versions.ts'
import { VERSION_STATES } from '#core/versions.ts'
import { ageText } from '../group-status.ts'
import type { Finding } from './finding.ts'
import { counted, fault, ok, warning } from './finding.ts'

/** An entry, and when it was written (milliseconds since the epoch). */
export interface DatedEntry {
  readonly entry: CatalogueEntry
  readonly writtenMs: number
}

/** `versions add` drains for about 25 s; the alert on it waits as long. */
const DRAINING_AT_MOST_MS = 120_000
/** Its events wait in the quarantine meanwhile. */
const UNKNOWN_AT_MOST_MS = 3_600_000

function stateFinding({ entry, writtenMs }: DatedEntry, nowMs: number): Finding | null {
  const { version, state } = entry
  const sinceMs = nowMs - writtenMs
  const since = ageText(Math.max(0, Math.round(sinceMs / 1000)))
  if (state === 'draining') {
    const words = `${version} has been draining for ${since}: its events are answered 503`
    return sinceMs > DRAINING_AT_MOST_MS
      ? fault(
          'catalogue',
          words,
          `run \`versions release ${version}\`: whatever drained it has ended`,
        )
      : warning('catalogue', words, 'wait: it takes about 25 s')
  }
  if (state === 'unknown' && sinceMs > UNKNOWN_AT_MOST_MS) {
    return warning(
      'catalogue',
      `${version} has been registered for ${since} and is not routed: its events wait`,
      `run \`versions release ${version}\``,
    )
  }
  return null
}

function countOf(entries: readonly DatedEntry[], state: VersionState): number {
  return entries.filter(({ entry }) => entry.state === state).length
}

/** Whether events of any version can be routed. */
export function catalogueFindings(
  entries: readonly DatedEntry[],
  nowMs: number,
): readonly Finding[] {
  if (entries.length === 0) {
    return [
      fault(
        'catalogue',
        'it is empty: every event is answered 503',
        'run the registrar (`schemas register`), and check TOPIC_PREFIX',
      ),
    ]
  }
  const states = entries.map((each) => stateFinding(each, nowMs))
  const findings = states.filter((finding) => finding !== null)
  const routed = countOf(entries, 'active') + countOf(entries, 'retired')
  if (routed === 0) {
    findings.push(
      fault('catalogue', 'no version is active', 'see `versions list`, then `versions release`'),
    )
  }
  if (findings.length > 0) return findings
  const listed = VERSION_STATES.filter((state) => countOf(entries, state) > 0)
  const words = listed.map((state) => `${countOf(entries, state)} ${state}`).join(', ')
  return [ok('catalogue', `${counted(entries.length, 'version')}: ${words}`)]
}
