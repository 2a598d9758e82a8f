import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import { isUsable } from '#ingress/signature.ts'
import type { FoundEndpoints } from '../found-endpoints.ts'
import type { Finding } from './finding.ts'
import { counted, fault, ok, someOf, warning } from './finding.ts'

const DAY_MS = 86_400_000
/** Long enough to agree on a new secret with QairoPay and to roll it out. */
const ENDS_SOON_MS = 14 * DAY_MS

/** When the last secret ends; null when one never does. */
function lastEndMs({ secrets }: EndpointEntry): number | null {
  const ends = secrets.map(({ notAfterMs }) => notAfterMs)
  return ends.includes(null) ? null : Math.max(...ends.map(Number))
}

function isoDay(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function endsSoon(entry: EndpointEntry, nowMs: number): boolean {
  const endMs = lastEndMs(entry)
  return endMs !== null && endMs - nowMs < ENDS_SOON_MS
}

function earliest(entries: readonly EndpointEntry[]): string {
  return isoDay(Math.min(...entries.map((entry) => lastEndMs(entry) ?? Number.POSITIVE_INFINITY)))
}

/** Whether events can come in: an enabled endpoint, with a secret that will last. */
export function endpointFindings(
  { usable, damaged }: FoundEndpoints,
  nowMs: number,
): readonly Finding[] {
  const broken = [...damaged.values()].map(({ problem }) =>
    fault(
      'endpoints',
      problem,
      'put its key back, or mend it with `endpoints set`, `rotate --force` or `remove`',
    ),
  )
  return [...broken, ...usableFindings([...usable.values()], nowMs)]
}

function usableFindings(all: readonly EndpointEntry[], nowMs: number): readonly Finding[] {
  const enabled = all.filter(({ state }) => state === 'enabled')
  if (enabled.length === 0) {
    const remedy = 'see `endpoints list`; add one by `endpoints add` or `endpoints enable`'
    return [fault('endpoints', `none of ${all.length} is enabled: no event can come in`, remedy)]
  }
  const dead = enabled.filter((entry) => !entry.secrets.some((secret) => isUsable(secret, nowMs)))
  const ending = enabled.filter((entry) => !dead.includes(entry) && endsSoon(entry, nowMs))
  const findings = [
    ...(dead.length === 0
      ? []
      : [
          fault(
            'endpoints',
            `${counted(dead.length, 'enabled endpoint')} without a usable secret: ${someOf(dead.map(({ id }) => id))}`,
            'add one by `endpoints rotate`: their events are answered 503 and come again for a week',
          ),
        ]),
    ...(ending.length === 0
      ? []
      : [
          warning(
            'endpoints',
            `the last secret of ${counted(ending.length, 'endpoint')} ends soon, the first on ${earliest(ending)}: ${someOf(ending.map(({ id }) => id))}`,
            'rotate them: `endpoints rotate`, and the new secret at QairoPay',
          ),
        ]),
  ]
  if (findings.length > 0) return findings
  return [ok('endpoints', `${enabled.length} of ${all.length} enabled, each with a usable secret`)]
}
