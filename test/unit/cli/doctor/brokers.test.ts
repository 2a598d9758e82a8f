import { describe, expect, it } from 'vitest'
import type { BrokerAnswer, BrokerIdentity } from '#cli/doctor/brokers.ts'
import { brokerFindings } from '#cli/doctor/brokers.ts'

const PLAIN: BrokerIdentity = { tls: false, hasCertificate: false, mechanism: null }
const TLS: BrokerIdentity = { ...PLAIN, tls: true }
const ANSWERED: BrokerAnswer = { kind: 'answered', brokers: 3 }

function found(problems: readonly (string | null)[], answer: BrokerAnswer, identity = PLAIN) {
  const probes = problems.map((problem, i) => ({ broker: `kafka-${i}:9092`, problem }))
  return brokerFindings({ identity, probes, answer })
}

function lines(...args: Parameters<typeof found>): readonly string[] {
  return found(...args).map(({ grade, words, remedy }) => `${grade}: ${words}; ${remedy}`)
}

/** An error as kafkajs makes it, with its cause. */
function kafkaError(name: string, fields: object = {}, cause?: Error): Error {
  return Object.assign(new Error('a message that is not told', { cause }), { name, ...fields })
}

describe('brokers that answer', () => {
  it('are told with what protects the way to them', () => {
    const identity = { tls: true, hasCertificate: true, mechanism: 'scram-sha-512' }
    expect(found([null, null], ANSWERED, identity)).toMatchObject([
      {
        grade: 'ok',
        words: expect.stringMatching(/all 2.*TLS with our certificate, scram-sha-512.*3 brokers/),
      },
    ])
  })

  it('are a warning about the ones beside them that do not', () => {
    expect(lines([null, 'ECONNREFUSED'], ANSWERED)).toEqual([
      expect.stringMatching(/^warning: kafka-1:9092 refuses connections; .*KAFKA_BROKERS/),
    ])
  })
})

describe('no broker that takes a connection', () => {
  it.each([
    ['ECONNREFUSED', PLAIN, /refuses connections/],
    ['ENOTFOUND', PLAIN, /cannot be resolved.*DNS/],
    ['TIMEOUT', PLAIN, /does not answer.*network policies/],
    ['SELF_SIGNED_CERT_IN_CHAIN', TLS, /not trusted.*KAFKA_SSL_CA_FILE/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', TLS, /another name/],
    ['CERT_HAS_EXPIRED', TLS, /expired.*renew/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', TLS, /our certificate.*KAFKA_SSL_CERT_FILE/],
    ['ECONNRESET', TLS, /does not speak TLS.*KAFKA_SSL/],
    ['EPROTO', TLS, /does not speak TLS/],
    ['EPERM', PLAIN, /cannot be reached \(EPERM\)/],
  ])('says of %s what it means and what to do', (problem, identity, says) => {
    const [line, ...more] = lines([problem], { kind: 'unasked' }, identity)
    expect(more).toEqual([])
    expect(line).toMatch(says)
    expect(line).toMatch(/^fault: kafka-0:9092 /)
  })
})

describe('Kafka that takes a connection and will not talk', () => {
  const closed = kafkaError('KafkaJSConnectionClosedError')
  it.each([
    [
      'a wrong password',
      kafkaError(
        'KafkaJSNumberOfRetriesExceeded',
        {},
        kafkaError('KafkaJSSASLAuthenticationError'),
      ),
      { ...PLAIN, mechanism: 'plain' },
      /does not know who we are \(plain\).*KAFKA_SASL_PASSWORD/,
    ],
    [
      'a user without rights',
      kafkaError('KafkaJSProtocolError', { type: 'CLUSTER_AUTHORIZATION_FAILED' }),
      PLAIN,
      /CLUSTER_AUTHORIZATION_FAILED.*DESCRIBE/,
    ],
    ['a listener with TLS or SASL', closed, PLAIN, /closes them; it may want TLS.* or SASL/],
    ['a listener that wants a certificate', closed, TLS, /SASL.* or a certificate/],
    [
      'a certificate that is asked for',
      kafkaError('KafkaJSConnectionError', { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }),
      TLS,
      /asks for a certificate of ours/,
    ],
    [
      'something else',
      kafkaError('KafkaJSError', { type: 'COORDINATOR' }),
      PLAIN,
      /does not answer \(COORDINATOR\)/,
    ],
  ])('is told from %s', (_, error, identity, says) => {
    const told = lines([null], { kind: 'refused', error }, identity)
    expect(told).toEqual([expect.stringMatching(says)])
    expect(told[0]).toMatch(/^fault: /)
    expect(told[0]).not.toContain('a message that is not told')
  })
})
