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

/** What silence is measured by. */
interface Recorded {
  readonly recordedSinceMs: number
  readonly nowMs: number
}

const UNRECORDED = 'no ingress writes down what matches, so nobody knows whether it does'

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

/** From when to when a secret was silent, as far as it was written down. */
function quietSince(fromMs: number, { recordedSinceMs }: Recorded): number {
  return Math.max(fromMs, recordedSinceMs)
}

function expiredVerdict(secret: SecretEntry, lastAtMs: number | null, recorded: Recorded): Verdict {
  const { nowMs } = recorded
  const endMs = secret.notAfterMs ?? nowMs
  if (lastAtMs !== null && lastAtMs >= endMs) {
    return keep(
      `${secret.id} has expired, yet an event signed with it came ${spanText(nowMs - lastAtMs)} ago and was answered 503: QairoPay must sign with a newer one`,
    )
  }
  const quietSinceMs = quietSince(lastAtMs ?? 0, recorded)
  if (nowMs - quietSinceMs > RETRY_MS) {
    return { safe: true, words: `${secret.id} has expired: safe to retire` }
  }
  const safeAt = dateOf(quietSinceMs + RETRY_MS)
  return quietSinceMs === lastAtMs
    ? keep(`${secret.id} has expired; events may be sent again until ${safeAt} UTC`)
    : keep(`${secret.id} has expired; ${shortRecords(nowMs - quietSinceMs, safeAt)}`)
}

function shortRecords(ms: number, safeAt: string): string {
  return `records go back ${spanText(ms)} only; safe after ${safeAt} UTC unless it matches again`
}

/** The old one beside one that takes its place. */
function replacedVerdict(
  old: { readonly id: string; readonly lastAtMs: number | null },
  next: { readonly id: string; readonly uses: readonly SecretUse[] },
  recorded: Recorded,
): Verdict {
  const { nowMs } = recorded
  const begunMs = first(next.uses)
  if (begunMs === null) return keep(`keep ${old.id}: ${next.id} has not matched yet`)
  const quietSinceMs = quietSince(old.lastAtMs ?? begunMs, recorded)
  const quiet = spanText(nowMs - quietSinceMs)
  if (nowMs - quietSinceMs <= RETRY_MS) {
    const safeAt = dateOf(quietSinceMs + RETRY_MS)
    return quietSinceMs === old.lastAtMs
      ? keep(
          `keep ${old.id}: it matched ${quiet} ago, and events are sent again for 7 days; safe after ${safeAt} UTC unless it matches again`,
        )
      : keep(
          `keep ${old.id}: no match is recorded, but ${shortRecords(nowMs - quietSinceMs, safeAt)}`,
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

/**
 * For each secret of an endpoint, the newest first: how it is used, and whether it may go.
 *
 * @param recordedSinceMs since when all that matched was written down; null when it is not now
 */
export function rotationAdvice(
  { secrets }: Pick<EndpointEntry, 'secrets'>,
  usesOf: UsesOf,
  recordedSinceMs: number | null,
  nowMs: number,
): readonly SecretAdvice[] {
  const ordered = newestFirst(secrets)
  const usable = ordered.filter((secret) => isUsable(secret, nowMs))
  const verdictOf = (secret: SecretEntry): Verdict => {
    const lastAtMs = last(usesOf(secret.id))
    if (recordedSinceMs === null) return keep(`keep ${secret.id}: ${UNRECORDED}`)
    const recorded = { recordedSinceMs, nowMs }
    if (!usable.includes(secret)) return expiredVerdict(secret, lastAtMs, recorded)
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
    return replacedVerdict({ id: secret.id, lastAtMs }, next ?? { id: '', uses: [] }, recorded)
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
