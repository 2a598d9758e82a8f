/** What came of a call: an answer, no answer at all, or a refusal by the registry itself. */
export type RegistryAnswer<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  /** The environment's fault; worth repeating. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The registry said no, in its own words. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }

const LONGEST_REASON = 300

/** A refusal, unless the status says that the registry could not answer at all (5xx, 429). */
export function refusal(status: number, reason: string): RegistryAnswer<never> {
  if (status >= 500 || status === 429) return { kind: 'unreachable', reason: `HTTP ${status}` }
  return { kind: 'refused', status, reason: reason.slice(0, LONGEST_REASON) }
}

/**
 * What an error of @kafkajs/confluent-schema-registry means. It reports an unreachable registry
 * as status 400 (kafkajs/confluent-schema-registry#306); such an error lacks the registry's own
 * message and carries the library's filler instead.
 */
export function answerOfLibraryError(error: unknown, clientId: string): RegistryAnswer<never> {
  const { status, message = '' } = (error ?? {}) as { status?: unknown; message?: string }
  if (typeof status !== 'number') return refusal(0, message)
  const filler = `${clientId} - Error, status 400`
  if (status === 400 && message.startsWith(filler)) {
    return { kind: 'unreachable', reason: message.slice(filler.length).replace(/^: /, '') }
  }
  return refusal(status, message.replace(`${clientId} - `, ''))
}
