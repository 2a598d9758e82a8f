import type { RehearsalResult } from './rehearsal.ts'
import type { RehearsalFinding } from './rehearsal-finding.ts'
import { isHarm } from './rehearsal-finding.ts'

/** A result in the light of what its readers accept. */
export interface JudgedRehearsal {
  readonly result: RehearsalResult
  /** The candidate's doing, and accepted by nobody. */
  readonly failures: readonly RehearsalFinding[]
  readonly accepted: readonly RehearsalFinding[]
  /** Done by the registered schema as well. */
  readonly asToday: readonly RehearsalFinding[]
  /** Neither typed today nor by the candidate. */
  readonly unknown: readonly RehearsalFinding[]
}

const MOST_LINES = 40
const MOST_NAMES = 20

/** How a finding's place is written, and accepted: `card:transaction.amount_cents`. */
function placeOf({ domain, path }: Pick<RehearsalFinding, 'domain' | 'path'>): string {
  return `${domain}:${path}`
}

/** @param accepted places that may come to harm, as `placeOf` writes them */
export function judged(result: RehearsalResult, accepted: ReadonlySet<string>): JudgedRehearsal {
  const harm = result.findings.filter(isHarm)
  return {
    result,
    failures: harm.filter((one) => !accepted.has(placeOf(one))),
    accepted: harm.filter((one) => accepted.has(placeOf(one))),
    asToday: result.findings.filter(({ asToday }) => asToday),
    unknown: result.findings.filter(({ effect }) => effect === 'unknown'),
  }
}

/** Whether nothing of the traffic comes to harm; false also where harm was left uncounted. */
export function isUnharmed({ result, failures }: JudgedRehearsal): boolean {
  return failures.length === 0 && result.leftOut.harm === 0
}

function day(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}

function effectWords(finding: RehearsalFinding, { renamings }: RehearsalResult): string {
  const { domain, path, effect, expected, seen, nulls } = finding
  switch (effect) {
    case 'set_aside':
      return `expects ${expected}, has ${seen}: sets the event aside`
    case 'nulled':
      return `expects ${expected}, has ${seen}: ${nulls === path ? 'becomes null' : `makes ${nulls} null`}`
    case 'lost': {
      const guess = renamings.find((one) => one.domain === domain && one.from === path)
      return `no field any more (${seen})${guess === undefined ? '' : `; is it ${guess.to} now?`}`
    }
    case 'rounded':
      return 'loses digits in a double'
    case 'unknown':
      return `no field (${seen}): in raw only`
  }
}

function tenantWords({ tenants, isMoreTenants, someTenants }: RehearsalFinding): string {
  const count = `${isMoreTenants ? 'more than ' : ''}${tenants} tenants`
  const etc = tenants > someTenants.length ? ', …' : ''
  return `${count} (${someTenants.join(', ')}${etc})`
}

function findingLines(
  sign: string,
  finding: RehearsalFinding,
  result: RehearsalResult,
): readonly string[] {
  const { type, events, firstMs, lastMs, samples } = finding
  return [
    `  ${sign} ${placeOf(finding)} in ${type}: ${effectWords(finding, result)}`,
    `      ${events} events of ${tenantWords(finding)}, ${day(firstMs)} to ${day(lastMs)}`,
    ...samples.map(({ at, tenant, shape }) => `      ${at} ${tenant}: ${shape}`),
  ]
}

function section(
  sign: string,
  findings: readonly RehearsalFinding[],
  result: RehearsalResult,
): readonly string[] {
  const rest = findings.length - MOST_LINES
  return [
    ...findings.slice(0, MOST_LINES).flatMap((one) => findingLines(sign, one, result)),
    ...(rest > 0 ? [`  ${sign} and ${rest} more; --json has all`] : []),
  ]
}

function shortLines(findings: readonly RehearsalFinding[], result: RehearsalResult) {
  const rest = findings.length - MOST_LINES
  const lines = findings
    .slice(0, MOST_LINES)
    .map(
      (one) =>
        `  + ${placeOf(one)} in ${one.type}: ${effectWords(one, result)}, ${one.events} events`,
    )
  return rest > 0 ? [...lines, `  + and ${rest} more; --json has all`] : lines
}

function neverSeenLines({ domains }: RehearsalResult): readonly string[] {
  return domains.flatMap(({ domain, neverSeen }) => {
    if (neverSeen.length === 0) return []
    const rest = neverSeen.length - MOST_NAMES
    const more = rest > 0 ? `, and ${rest} more` : ''
    return [`  - ${domain}: never seen: ${neverSeen.slice(0, MOST_NAMES).join(', ')}${more}`]
  })
}

function leftOutLines({ leftOut: { harm, notes } }: RehearsalResult): readonly string[] {
  if (harm + notes === 0) return []
  return [`  too many different findings: left out ${harm} that do harm, ${notes} that do not`]
}

function headLines({ result, failures, accepted, asToday }: JudgedRehearsal): readonly string[] {
  const { version, traffic, events, fromQuarantine, setAside, domains, isRegistered } = result
  const counts = domains.filter((one) => one.events > 0).map((one) => `${one.domain} ${one.events}`)
  const held = isRegistered ? `typed today by ${traffic}` : `no schema of ${traffic} is known`
  return [
    `${version}: ${failures.length} failures in ${events} events of ${traffic}, ${fromQuarantine} of them waiting in the quarantine`,
    `  ${counts.length === 0 ? 'nothing was there to rehearse' : counts.join(', ')}; ${held}`,
    `  ${setAside} events would be set aside; ${asToday.length} findings as today, ${accepted.length} accepted`,
  ]
}

/** A rehearsed candidate in words; names of fields, ids of tenants and places, never a value. */
export function rehearsalLines(rehearsal: JudgedRehearsal): readonly string[] {
  const { result, failures, accepted, asToday, unknown } = rehearsal
  return [
    ...headLines(rehearsal),
    ...section('FAILS', failures, result),
    ...section('accepted', accepted, result),
    ...section('as today', asToday, result),
    ...shortLines(unknown, result),
    ...neverSeenLines(result),
    ...leftOutLines(result),
  ]
}

function findingJson(finding: RehearsalFinding): Readonly<Record<string, unknown>> {
  const { domain, type, path, effect, expected, seen, nulls, events, tenants } = finding
  return {
    place: placeOf(finding),
    domain,
    type,
    path,
    effect,
    expected,
    seen,
    nulls,
    events,
    tenants,
    more_tenants: finding.isMoreTenants,
    some_tenants: finding.someTenants,
    first: day(finding.firstMs),
    last: day(finding.lastMs),
    samples: finding.samples,
  }
}

/** A rehearsed candidate for another team's CI; keys are stable, new ones may come. */
export function rehearsalJson(rehearsal: JudgedRehearsal): Readonly<Record<string, unknown>> {
  const { result, failures, accepted, asToday, unknown } = rehearsal
  return {
    version: result.version,
    traffic: result.traffic,
    ok: isUnharmed(rehearsal) && result.events > 0,
    events: result.events,
    from_quarantine: result.fromQuarantine,
    would_be_set_aside: result.setAside,
    typed_today: result.isRegistered,
    domains: result.domains.map(({ domain, events, neverSeen }) => ({
      domain,
      events,
      never_seen: neverSeen,
    })),
    failures: failures.map(findingJson),
    accepted: accepted.map(findingJson),
    as_today: asToday.map(findingJson),
    in_raw_only: unknown.map(findingJson),
    guessed_renamings: result.renamings,
    left_out: result.leftOut,
  }
}
