/** What came of a call: an answer, no answer at all, a refusal, or an answer that cannot be true. */
export type RegistryAnswer<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  /** The environment's fault; worth repeating. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The registry said no, in its own words. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  /** Not what a registry says; repeating does not help, and nothing may be built on it. */
  | { readonly kind: 'nonsense'; readonly reason: string }

export type RegistryFailure = Exclude<RegistryAnswer<never>, { readonly kind: 'ok' }>

const LONGEST_REASON = 300
/** Control characters, which a terminal would obey. */
const UNPRINTABLE = /\p{Cc}+/gu

/** A refusal, unless the status says that the registry could not answer at all (5xx, 429). */
export function refusal(status: number, reason: string): RegistryFailure {
  if (status >= 500 || status === 429) return { kind: 'unreachable', reason: `HTTP ${status}` }
  const words = reason.replaceAll(UNPRINTABLE, ' ').slice(0, LONGEST_REASON)
  return { kind: 'refused', status, reason: words }
}

/**
 * What an error of @kafkajs/confluent-schema-registry means. It reports an unreachable registry
 * as status 400 (kafkajs/confluent-schema-registry#306); such an error lacks the registry's own
 * message and carries the library's filler instead.
 */
export function answerOfLibraryError(error: unknown, clientId: string): RegistryFailure {
  const { status, message = '' } = (error ?? {}) as { status?: unknown; message?: string }
  if (typeof status !== 'number') {
    // The library found no fields in the answer, or the schema is none.
    return { kind: 'nonsense', reason: 'an answer that the client does not understand' }
  }
  const filler = `${clientId} - Error, status 400`
  if (status === 400 && message.startsWith(filler)) {
    return { kind: 'unreachable', reason: message.slice(filler.length).replace(/^: /, '') }
  }
  return refusal(status, message.replace(`${clientId} - `, ''))
}

const READ_ONLY_CODES = [403, 405]

function refusalWords({ status, reason }: Extract<RegistryFailure, { kind: 'refused' }>): string {
  const said = `HTTP ${status}${reason === '' ? '' : `: ${reason}`}`
  if (status === 401) {
    return `the registry does not know who we are (${said}); check SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD, or SCHEMA_REGISTRY_TOKEN`
  }
  if (READ_ONLY_CODES.includes(status) || /read-?only/i.test(reason)) {
    return `the registry does not let us write (${said}); use credentials that may, or have its administrator register the schemas`
  }
  if (status >= 300 && status < 400) {
    return `the registry is elsewhere (${said}); set SCHEMA_REGISTRY_URL to its final address`
  }
  return `the registry refuses (${said})`
}

/** Codes of TLS that say that the registry's certificate is not trusted. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_UNTRUSTED/

function unreachableWords(reason: string): string {
  const hint = UNTRUSTED.test(reason) ? '; set SCHEMA_REGISTRY_CA_FILE to its authority' : ''
  return `the registry cannot be reached (${reason})${hint}`
}

/** A failure in one sentence that says what to do, without its full stop. */
export function registryProblem(failure: RegistryFailure): string {
  switch (failure.kind) {
    case 'unreachable':
      return unreachableWords(failure.reason)
    case 'refused':
      return refusalWords(failure)
    case 'nonsense':
      return `the registry gives ${failure.reason}; is SCHEMA_REGISTRY_URL the base of Confluent's API?`
  }
}
