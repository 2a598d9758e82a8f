import type { EncodeResult } from '#platform/avro/event-encoder.ts'
import type { Observation } from './rehearsal-finding.ts'
import { isWithin } from './renaming.ts'
import type { SchemaFit } from './schema-fit.ts'

/** An observation in one event, with the value that was seen. */
export type ObservedValue = Omit<Observation, 'domain' | 'type' | 'seen'> & {
  readonly value: unknown
}

/** Whether the registered schema does as much harm at the same place. */
function isAsToday(path: string, nulls: string | null, today: SchemaFit | null): boolean {
  const misfit = today?.misfits.get(path)
  if (misfit === undefined) return false
  if (misfit.nulls === null) return true
  return nulls !== null && (nulls === misfit.nulls || isWithin(nulls, misfit.nulls))
}

function misfitObservations({ misfits }: SchemaFit, today: SchemaFit | null) {
  return [...misfits.values()].map(({ path, expected, value, nulls }): ObservedValue => {
    const effect = nulls === null ? 'set_aside' : 'nulled'
    return { path, effect, expected, value, nulls, asToday: isAsToday(path, nulls, today) }
  })
}

/** The encoder has the last word: what it refuses and nothing explains is a finding as well. */
export function refusalObservations(
  encoded: EncodeResult,
  { misfits }: SchemaFit,
  today: SchemaFit | null,
): readonly ObservedValue[] {
  const isExplained = [...misfits.values()].some(({ nulls }) => nulls === null)
  if (encoded.ok || isExplained) return []
  const { expected } = encoded
  const path = encoded.path.replace(/^data\./, '')
  // What the envelope holds is the same in every schema.
  const asToday = today !== null && path === encoded.path
  return [{ path, effect: 'set_aside', expected, value: null, nulls: null, asToday }]
}

function roundedObservations({ rounded }: SchemaFit, today: SchemaFit | null) {
  return [...rounded].map(([path, value]): ObservedValue => {
    const asToday = today?.rounded.has(path) === true
    return { path, effect: 'rounded', expected: 'double', value, nulls: null, asToday }
  })
}

/** What becomes of values that are in the candidate's fields. */
export function fieldObservations(fit: SchemaFit, today: SchemaFit | null) {
  return [...misfitObservations(fit, today), ...roundedObservations(fit, today)]
}
