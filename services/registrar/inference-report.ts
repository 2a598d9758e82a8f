import type { InferredDomain, InferredVersion } from './inference.ts'
import type { InferenceNote } from './inferred-schema.ts'

const SIGNS: Readonly<Record<InferenceNote['kind'], string>> = {
  new: '+',
  retyped: '!',
  conflict: '!',
  left_out: '!',
  new_resource: '!',
  never_seen: '-',
}

const WORDS: Readonly<Record<InferenceNote['kind'], string>> = {
  new: 'new',
  retyped: 'another type',
  conflict: 'conflict',
  left_out: 'left out',
  new_resource: 'needs code',
  never_seen: 'never seen',
}

function noteLine({ kind, path, detail, seen, of }: InferenceNote): string {
  return `  ${SIGNS[kind]} ${path}: ${WORDS[kind]}: ${detail} (seen in ${seen} of ${of})`
}

function domainLines({ domain, events, notes, ignored }: InferredDomain): readonly string[] {
  if (events === 0) return [`${domain}: no events; as in the version before`]
  const keys = ignored === 0 ? '' : `; ${ignored} keys left out, which are no names or too many`
  return [`${domain}: ${events} events${keys}`, ...notes.map(noteLine)]
}

/** What was inferred, and what a person has to judge; names of fields and counts, never values. */
export function inferenceReport({ domains, samples }: InferredVersion): readonly string[] {
  const types = [...samples.keys()].sort().join(', ')
  return [...domains.flatMap(domainLines), `made-up samples: ${types === '' ? 'none' : types}`]
}
