import type { Attempt } from '#core/commit.ts'

/** Errors that no repetition cures, by the name of Kafka's protocol. */
const REFUSALS: ReadonlyMap<string, 'record' | 'topic'> = new Map([
  ['MESSAGE_TOO_LARGE', 'record'],
  ['RECORD_LIST_TOO_LARGE', 'record'],
  ['INVALID_RECORD', 'record'],
  ['INVALID_TIMESTAMP', 'record'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'topic'],
  ['INVALID_TOPIC_EXCEPTION', 'topic'],
  ['TOPIC_AUTHORIZATION_FAILED', 'topic'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'topic'],
])

/** kafkajs wraps an error twice or thrice; causes in a circle must not become an exception. */
const MAX_CAUSES = 8

/** The protocol's name of an error, also from inside kafkajs's wrappers, or null. */
function protocolType(error: unknown, causes = MAX_CAUSES): string | null {
  const { type, cause } = error as { type?: unknown; cause?: unknown }
  if (typeof type === 'string') return type
  return cause === undefined || causes === 0 ? null : protocolType(cause ?? {}, causes - 1)
}

/** The name of what went wrong first: a wrapper's says only how often it was tried. */
function firstName({ name, cause }: Error, causes = MAX_CAUSES): string {
  return cause instanceof Error && causes > 0 ? firstName(cause, causes - 1) : name
}

/** What a failed send says about its records; `unknown` without an answer of a broker. */
export function attemptOf(error: unknown): Exclude<Attempt, { kind: 'answered' }> {
  const type = error instanceof Error ? protocolType(error) : null
  const scope = type === null ? undefined : REFUSALS.get(type)
  if (type !== null && scope !== undefined) return { kind: 'refused', scope, reason: type }
  if (type !== null) return { kind: 'failed', reason: type }
  return { kind: 'unknown', reason: error instanceof Error ? firstName(error) : 'error' }
}

/**
 * kafkajs asks for the metadata of all topics that a producer has ever written to, and throws when
 * one partition among them has no leader.
 */
export function isOfTopic(attempt: Attempt): boolean {
  if (attempt.kind === 'refused') return attempt.scope === 'topic'
  return attempt.kind === 'failed' && attempt.reason === 'LEADER_NOT_AVAILABLE'
}
