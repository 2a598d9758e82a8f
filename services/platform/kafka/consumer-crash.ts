/** What the owner of a crashed kafkajs consumer does about it. */
export type CrashVerdict = 'rebuild' | 'fatal'

/** Only an operator can cure these: the same request would be refused for ever. */
const CONFIGURATION_ERRORS: ReadonlySet<string> = new Set([
  'GROUP_AUTHORIZATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_GROUP_ID',
])

/** Membership is over or about to be reshuffled: the batch in hand must be given up. */
const MEMBERSHIP_ERRORS: ReadonlySet<string> = new Set([
  'REBALANCE_IN_PROGRESS',
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'FENCED_INSTANCE_ID',
  'NOT_COORDINATOR_FOR_GROUP',
])

interface KafkaError {
  readonly name?: unknown
  readonly type?: unknown
  readonly cause?: unknown
}

/** An error and its causes, outermost first. */
function chainOf(error: unknown): readonly KafkaError[] {
  const chain: KafkaError[] = []
  let current: unknown = error
  while (typeof current === 'object' && current !== null && chain.length < 10) {
    chain.push(current as KafkaError)
    current = (current as KafkaError).cause
  }
  return chain
}

function hasType(error: unknown, types: ReadonlySet<string>): boolean {
  return chainOf(error).some(({ type }) => typeof type === 'string' && types.has(type))
}

/** Whether a heartbeat's error says that this member no longer owns what it owned. */
export function losesMembership(error: unknown): boolean {
  return hasType(error, MEMBERSHIP_ERRORS)
}

/** Whether Kafka says that the topic is not there (yet). */
export function namesMissingTopic(error: unknown): boolean {
  return hasType(error, new Set(['UNKNOWN_TOPIC_OR_PARTITION']))
}

/** Crashes without a single good fetch in between, after which waiting is no longer honest. */
export const FRUITLESS_CRASHES = 8

/**
 * kafkajs calls an error retriable unless told otherwise, and while brokers come and go it also
 * throws bare TypeErrors of its own; both are cured by a fresh consumer. What an operator must
 * cure ends the process at once, and so does a fault of our own that comes back again and again
 * although brokers answer.
 *
 * @param fruitless crashes in a row, this one included, with no good fetch between them.
 */
export function crashVerdict(error: unknown, fruitless: number): CrashVerdict {
  if (hasType(error, CONFIGURATION_ERRORS)) return 'fatal'
  if (chainOf(error).some(({ name }) => name === 'KafkaJSSASLAuthenticationError')) return 'fatal'
  const surprise = chainOf(error).some(
    ({ name }) => name === 'TypeError' || name === 'RangeError' || name === 'ReferenceError',
  )
  return surprise && fruitless >= FRUITLESS_CRASHES ? 'fatal' : 'rebuild'
}
