import type { InferredDomain, InferredVersion, SeenEventType } from './inference.ts'
import type { InferenceNote } from './inferred-schema.ts'

const SIGNS: Readonly<Record<InferenceNote['kind'], string>> = {
  new: '+',
  retyped: '!',
  conflict: '!',
  left_out: '!',
  new_resource: '+',
  never_seen: '-',
  raw_only: ' ',
}

const WORDS: Readonly<Record<InferenceNote['kind'], string>> = {
  new: 'new',
  retyped: 'another type',
  conflict: 'conflict',
  left_out: 'left out',
  new_resource: 'new resource',
  never_seen: 'never seen',
  raw_only: 'in raw only',
}

function noteLine({ kind, path, detail, seen, of }: InferenceNote): string {
  return `  ${SIGNS[kind]} ${path}: ${WORDS[kind]}: ${detail} (seen in ${seen} of ${of})`
}

function domainLines({ domain, events, notes, ignored }: InferredDomain): readonly string[] {
  if (events === 0) return [`${domain}: no events; as in the version before`]
  const keys = ignored === 0 ? '' : `; ${ignored} keys left out, which are no names or too many`
  return [`${domain}: ${events} events${keys}`, ...notes.map(noteLine)]
}

function typeLine({ type, events, isNew }: SeenEventType): string {
  return isNew
    ? `  + ${type}: ${events}; not sampled in the version before`
    : `    ${type}: ${events}`
}

/** What was inferred, and what a person has to judge; names of fields and counts, never values. */
export function inferenceReport({ domains, types, samples }: InferredVersion): readonly string[] {
  const made = [...samples.keys()].sort().join(', ')
  return [
    'event types:',
    ...types.map(typeLine),
    ...domains.flatMap(domainLines),
    `made-up samples: ${made === '' ? 'none' : made}`,
  ]
}
