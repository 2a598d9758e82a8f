import type { EndpointEntry, SecretEntry } from '#ingress/endpoint-entry.ts'
import { newestFirst } from '#ingress/endpoints.ts'
import type { SecretUse } from '#ingress/secret-usage.ts'
import { isUsable } from '#ingress/signature.ts'

/** What is known of a secret's use, over all processes of all ingresses. */
export type UsesOf = (secretId: string) => readonly SecretUse[]

export interface SecretAdvice {
  readonly id: string
  readonly usable: boolean
  readonly matched: number
  /** Milliseconds since the epoch; null when no match is recorded. */
  readonly lastAtMs: number | null
  readonly safeToRetire: boolean
  /** One sentence without a full stop. */
  readonly words: string
}

const DAY_MS = 86_400_000
/** The sender repeats an event for 7 days (contract, section 3), perhaps as it signed it first. */
const RETRY_MS = 7 * DAY_MS

function sum(uses: readonly SecretUse[]): number {
  return uses.reduce((total, { matched }) => total + matched, 0)
}

function last(uses: readonly SecretUse[]): number | null {
  return uses.length === 0 ? null : Math.max(...uses.map(({ lastAtMs }) => lastAtMs))
}

function first(uses: readonly SecretUse[]): number | null {
  return uses.length === 0 ? null : Math.min(...uses.map(({ firstAtMs }) => firstAtMs))
}

/** A time span in one unit, cut off: `8 days`. */
function spanText(ms: number): string {
  const units = [
    ['day', DAY_MS],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const
  for (const [unit, size] of units) {
    const count = Math.floor(ms / size)
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'}`
  }
  return 'less than a minute'
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count.toLocaleString('en-US')} times`
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}

interface Verdict {
  readonly safe: boolean
  readonly words: string
}

function keep(words: string): Verdict {
  return { safe: false, words }
}

/** A use under an id that began before the secret was there is of an earlier secret of that id. */
function ownUses({ sinceMs }: SecretEntry, uses: readonly SecretUse[]): readonly SecretUse[] {
  return uses.filter(({ firstAtMs }) => sinceMs === null || firstAtMs >= sinceMs)
}

function expiredVerdict(secret: SecretEntry, lastAtMs: number | null, nowMs: number): Verdict {
  const endMs = secret.notAfterMs ?? nowMs
  if (lastAtMs !== null && lastAtMs >= endMs) {
    return keep(
      `${secret.id} has expired, yet an event signed with it came ${spanText(nowMs - lastAtMs)} ago and was answered 503: QairoPay must sign with a newer one`,
    )
  }
  if (lastAtMs === null || nowMs - lastAtMs > RETRY_MS) {
    return { safe: true, words: `${secret.id} has expired: safe to retire` }
  }
  const safeAt = dateOf(lastAtMs + RETRY_MS)
  return keep(`${secret.id} has expired; events may be sent again until ${safeAt} UTC`)
}

/** The old one beside one that takes its place. */
function replacedVerdict(
  old: { readonly id: string; readonly lastAtMs: number | null },
  next: { readonly id: string; readonly uses: readonly SecretUse[] },
  nowMs: number,
): Verdict {
  const begunMs = first(next.uses)
  if (begunMs === null) return keep(`keep ${old.id}: ${next.id} has not matched yet`)
  const { lastAtMs } = old
  const quietSinceMs = lastAtMs ?? begunMs
  const quiet = spanText(nowMs - quietSinceMs)
  if (nowMs - quietSinceMs <= RETRY_MS) {
    const safeAt = `safe after ${dateOf(quietSinceMs + RETRY_MS)} UTC unless it matches again`
    return lastAtMs === null
      ? keep(`keep ${old.id}: no match is recorded, but records go back ${quiet} only; ${safeAt}`)
      : keep(
          `keep ${old.id}: it matched ${quiet} ago, and events are sent again for 7 days; ${safeAt}`,
        )
  }
  if ((last(next.uses) ?? 0) <= quietSinceMs) {
    return keep(
      `keep ${old.id}: nothing has matched since, so it is not proven that ${next.id} does`,
    )
  }
  const words = `${old.id} has not matched for ${quiet} while ${next.id} matched ${times(sum(next.uses))}: safe to retire`
  return { safe: true, words }
}

/** For each secret of an endpoint, the newest first: how it is used, and whether it may go. */
export function rotationAdvice(
  { secrets }: Pick<EndpointEntry, 'secrets'>,
  usesOf: UsesOf,
  nowMs: number,
): readonly SecretAdvice[] {
  const ordered = newestFirst(secrets)
  const usable = ordered.filter((secret) => isUsable(secret, nowMs))
  const verdictOf = (secret: SecretEntry): Verdict => {
    const lastAtMs = last(usesOf(secret.id))
    if (!usable.includes(secret)) return expiredVerdict(secret, lastAtMs, nowMs)
    const newer = usable.slice(0, usable.indexOf(secret))
    if (newer.length === 0) {
      return keep(
        usable.length === 1
          ? `keep ${secret.id}: the only usable one`
          : `keep ${secret.id}: the newest`,
      )
    }
    const rivals = newer.map((each) => ({ id: each.id, uses: ownUses(each, usesOf(each.id)) }))
    const next = rivals.find(({ uses }) => uses.length > 0) ?? rivals[0]
    return replacedVerdict({ id: secret.id, lastAtMs }, next ?? { id: '', uses: [] }, nowMs)
  }
  return ordered.map((secret) => {
    const uses = usesOf(secret.id)
    const { safe, words } = verdictOf(secret)
    return {
      id: secret.id,
      usable: usable.includes(secret),
      matched: sum(uses),
      lastAtMs: last(uses),
      safeToRetire: safe,
      words,
    }
  })
}
