import type { Difference, DomainDifference } from './version-difference.ts'

function differenceLines(difference: Difference): readonly string[] {
  const { path } = difference
  switch (difference.kind) {
    case 'added':
      return [`+ ${path} (${difference.type})`]
    case 'removed':
      return [`- ${path} (${difference.type})`]
    case 'renamed':
      return [`? ${difference.was} -> ${path} (${difference.type}): renamed, by our guess`]
    case 'retyped':
      return [`! ${path}: ${difference.was} -> ${difference.type}`]
    case 'pii_added':
      return [`  ${path}: pii now`]
    case 'pii_removed':
      return [`! ${path}: pii no more; our tools will show it`]
    case 'inferred_added':
      return [`  ${path}: inferred now; a value that does not fit becomes null`]
    case 'inferred_removed':
      return [`  ${path}: inferred no more; a value that does not fit sets its event aside`]
    case 'doc':
      return [`  ${path}: doc`, `      was  ${difference.was}`, `      now  ${difference.doc}`]
  }
}

/** Differences in words, by domain; one line when there are none. */
export function differenceReport(differences: readonly DomainDifference[]): readonly string[] {
  if (differences.length === 0) return ['no field differs']
  const domains = [...new Set(differences.map(({ domain }) => domain))]
  return domains.flatMap((domain) => [
    domain,
    ...differences
      .filter((difference) => difference.domain === domain)
      .flatMap(differenceLines)
      .map((line) => `  ${line}`),
  ])
}
