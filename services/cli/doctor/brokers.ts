import type { BrokerProbe } from '#platform/kafka/broker-probe.ts'
import type { Finding } from './finding.ts'
import { counted, fault, ok, warning } from './finding.ts'

/** How Kafka was spoken to: what is said of a failure depends on it. */
export interface BrokerIdentity {
  readonly tls: boolean
  readonly hasCertificate: boolean
  /** `scram-sha-512`, or null without SASL. */
  readonly mechanism: string | null
}

/** What Kafka said once a connection was open. */
export type BrokerAnswer =
  | { readonly kind: 'answered'; readonly brokers: number }
  | { readonly kind: 'refused'; readonly error: unknown }
  /** No broker took a connection. */
  | { readonly kind: 'unasked' }

export interface BrokerFacts {
  readonly identity: BrokerIdentity
  readonly probes: readonly BrokerProbe[]
  readonly answer: BrokerAnswer
}

const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)|CERT_UNTRUSTED/
const CERTIFICATE_WANTED = /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA/
const NO_TLS = /^(?:EPROTO|ECONNRESET|ERR_SSL_.*)$/

/** Words and what to do, for a connection that did not come about. */
function connectionWords(problem: string, { tls }: BrokerIdentity): readonly [string, string] {
  if (problem === 'ECONNREFUSED') {
    return ['refuses connections', 'see that Kafka runs there, and check KAFKA_BROKERS']
  }
  if (problem === 'ENOTFOUND' || problem === 'EAI_AGAIN') {
    return ['has a name that cannot be resolved', 'check KAFKA_BROKERS and the DNS']
  }
  if (problem === 'TIMEOUT' || problem === 'ETIMEDOUT' || problem === 'EHOSTUNREACH') {
    return ['does not answer', 'check KAFKA_BROKERS, firewalls and network policies']
  }
  if (UNTRUSTED.test(problem)) {
    return [
      `has a certificate that is not trusted (${problem})`,
      'set KAFKA_SSL_CA_FILE to its authority',
    ]
  }
  if (problem === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return [
      'has a certificate of another name',
      'use a name of the certificate in KAFKA_BROKERS, or issue one for this name',
    ]
  }
  if (problem === 'CERT_HAS_EXPIRED') {
    return ['has a certificate that has expired', 'renew it at the broker']
  }
  if (CERTIFICATE_WANTED.test(problem)) {
    return [`does not take our certificate (${problem})`, 'check KAFKA_SSL_CERT_FILE']
  }
  if (tls && NO_TLS.test(problem)) {
    return [`does not speak TLS on that port (${problem})`, 'check the port, or KAFKA_SSL']
  }
  return [`cannot be reached (${problem})`, 'check KAFKA_BROKERS']
}

/** An error and its causes, outermost first. */
function chainOf(error: unknown): readonly Readonly<Record<string, unknown>>[] {
  const chain: Readonly<Record<string, unknown>>[] = []
  let current = error
  while (typeof current === 'object' && current !== null && chain.length < 10) {
    chain.push(current as Readonly<Record<string, unknown>>)
    current = (current as { cause?: unknown }).cause
  }
  return chain
}

function firstText(error: unknown, field: string): string | null {
  const found = chainOf(error).find((each) => typeof each[field] === 'string')
  return found === undefined ? null : String(found[field])
}

/** A broker took the connection and then would not talk. */
function refusal(error: unknown, identity: BrokerIdentity): Finding {
  const names = chainOf(error).map(({ name }) => String(name))
  const type = firstText(error, 'type')
  const code = firstText(error, 'code')
  const { mechanism, tls, hasCertificate } = identity
  if (names.includes('KafkaJSSASLAuthenticationError')) {
    const how = mechanism === null ? 'SASL' : mechanism
    return fault(
      'brokers',
      `Kafka does not know who we are (${how})`,
      'check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
    )
  }
  if (type?.endsWith('_AUTHORIZATION_FAILED') === true) {
    return fault(
      'brokers',
      `Kafka does not let us ask about the cluster (${type})`,
      'give this user DESCRIBE on the cluster, its topics and its groups',
    )
  }
  if (code !== null && CERTIFICATE_WANTED.test(code)) {
    const what = hasCertificate ? 'does not take our certificate' : 'asks for a certificate of ours'
    const remedy = 'set KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE to one that it trusts'
    return fault('brokers', `Kafka ${what} (${code})`, remedy)
  }
  const closed = names.some((name) => name === 'KafkaJSConnectionClosedError')
  if (closed || code === 'ECONNRESET') {
    const wants = [
      ...(tls ? [] : ['TLS (KAFKA_SSL=true)']),
      ...(mechanism === null ? ['SASL (KAFKA_SASL_MECHANISM)'] : []),
      ...(tls && !hasCertificate ? ['a certificate (KAFKA_SSL_CERT_FILE)'] : []),
    ]
    const remedy = wants.length === 0 ? 'see its log' : `it may want ${wants.join(' or ')}`
    return fault('brokers', 'Kafka takes connections and closes them', remedy)
  }
  const what = type ?? code ?? names.at(-1) ?? 'an error'
  return fault('brokers', `Kafka takes connections and does not answer (${what})`, 'see its log')
}

function unreachable(facts: BrokerFacts): readonly Finding[] {
  return facts.probes.flatMap(({ broker, problem }) => {
    if (problem === null) return []
    const [words, remedy] = connectionWords(problem, facts.identity)
    const others = facts.answer.kind === 'answered'
    return [
      others
        ? warning('brokers', `${broker} ${words}`, remedy)
        : fault('brokers', `${broker} ${words}`, remedy),
    ]
  })
}

function securityWords({ tls, hasCertificate, mechanism }: BrokerIdentity): string {
  const link = tls ? (hasCertificate ? 'TLS with our certificate' : 'TLS') : 'no TLS'
  return mechanism === null ? link : `${link}, ${mechanism}`
}

/** Whether Kafka can be reached, and as whom. */
export function brokerFindings(facts: BrokerFacts): readonly Finding[] {
  const { answer, probes, identity } = facts
  const away = unreachable(facts)
  if (answer.kind === 'unasked') return away
  if (answer.kind === 'refused') return [...away, refusal(answer.error, identity)]
  if (away.length > 0) return away
  const words = probes.length === 1 ? probes[0]?.broker : `all ${probes.length} bootstrap brokers`
  return [
    ok(
      'brokers',
      `${words} answered (${securityWords(identity)}); the cluster has ${counted(answer.brokers, 'broker')}`,
    ),
  ]
}
