import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { brokerFindings } from '#cli/doctor/brokers.ts'
import { readBrokers } from '#cli/doctor/kafka-reading.ts'
import { doctorSettings } from '#cli/doctor/settings.ts'
import type { RunningKafka } from '#local/parts/kafka.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import type { Authority, CertificateFiles } from '../../../fixtures/certificates.ts'
import { createAuthority, keyStore } from '../../../fixtures/certificates.ts'
import { testHost } from '../../../fixtures/part-host.ts'
import type { TemporaryFolder } from '../../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts'

const LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required'

let folder: TemporaryFolder
let ours: Authority
let theirs: Authority
let router: CertificateFiles
let kafka: RunningKafka | undefined
let plain: string
let tls: string
let sasl: string

/** A listener over TLS that asks for certificates, and one with SASL, beside the plain one. */
async function listeners(ports: readonly number[]): Promise<readonly string[]> {
  const [plainPort, controller, tlsPort, saslPort] = ports
  const places = `PLAINTEXT://127.0.0.1:${plainPort},SSL://127.0.0.1:${tlsPort},SASL_PLAINTEXT://127.0.0.1:${saslPort}`
  return [
    `listeners=${places},CONTROLLER://127.0.0.1:${controller}`,
    `advertised.listeners=${places}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'ssl.keystore.type=PEM',
    `ssl.keystore.location=${await keyStore(await ours.issue('broker'))}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${ours.cert}`,
    'ssl.client.auth=required',
    'sasl.enabled.mechanisms=PLAIN',
    `listener.name.sasl_plaintext.plain.sasl.jaas.config=${LOGIN} user_doctor="right";`,
  ]
}

beforeAll(async () => {
  folder = await temporaryFolder('doctor-brokers')
  ours = await createAuthority(folder.path, 'ours')
  theirs = await createAuthority(folder.path, 'theirs')
  router = await ours.issue('router')
  const [port = 0, controllerPort = 0, tlsPort = 0, saslPort = 0] = await freePorts(4)
  const moreSettings = await listeners([port, controllerPort, tlsPort, saslPort])
  const places = { dataDir: join(folder.path, 'kafka'), logFile: join(folder.path, 'kafka.log') }
  kafka = await startKafka({ ...places, port, controllerPort, moreSettings }, testHost())
  plain = `127.0.0.1:${port}`
  tls = `127.0.0.1:${tlsPort}`
  sasl = `127.0.0.1:${saslPort}`
})

afterAll(async () => {
  await kafka?.stop()
  await folder.remove()
})

/** What is found with these variables, each finding in a line. */
async function found(environment: Readonly<Record<string, string>>): Promise<string> {
  const { kafka: settings } = doctorSettings(environment)
  if (!settings.ok) throw new Error(settings.problems.join('; '))
  const findings = brokerFindings(await readBrokers(settings.value))
  return findings.map(({ grade, words, remedy }) => `${grade}: ${words}; ${remedy}`).join('\n')
}

const withTls = (ca: string) => ({ KAFKA_BROKERS: tls, KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: ca })

function withPassword(password: string) {
  return {
    KAFKA_BROKERS: sasl,
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: 'doctor',
    KAFKA_SASL_PASSWORD: password,
  }
}

describe('a broker that answers', () => {
  it('is told with what protects the way to it', async () => {
    const own = { KAFKA_SSL_CERT_FILE: router.cert, KAFKA_SSL_KEY_FILE: router.key }
    expect(await found({ KAFKA_BROKERS: plain })).toMatch(/^ok: .* answered \(no TLS\).*1 broker;/)
    expect(await found({ ...withTls(ours.cert), ...own })).toMatch(
      /^ok: .*\(TLS with our certificate\)/,
    )
    expect(await found(withPassword('right'))).toMatch(/^ok: .*\(no TLS, plain\)/)
  })

  it('is told beside one that is away', async () => {
    const environment = { KAFKA_BROKERS: `${plain},127.0.0.1:9` }
    expect(await found(environment)).toMatch(/^warning: 127\.0\.0\.1:9 refuses connections;[^\n]*$/)
  })
})

describe('a broker that cannot be used says why', () => {
  it('when nobody listens, or the name means nothing', async () => {
    expect(await found({ KAFKA_BROKERS: '127.0.0.1:9' })).toMatch(/^fault: .*refuses connections/)
    const nowhere = { KAFKA_BROKERS: 'kafka.invalid:9092' }
    expect(await found(nowhere)).toMatch(/^fault: kafka\.invalid:9092 has a name .*DNS/)
  })

  it('when its certificate is not trusted', async () => {
    expect(await found(withTls(theirs.cert))).toMatch(/^fault: .*not trusted.*KAFKA_SSL_CA_FILE/)
  })

  it('when it asks for a certificate and there is none', async () => {
    expect(await found(withTls(ours.cert))).toMatch(
      /^fault: Kafka (?:asks for a certificate of ours|takes connections and closes them)[^\n]*KAFKA_SSL_CERT_FILE/,
    )
  })

  it('when it speaks TLS and we do not, or the reverse', async () => {
    expect(await found({ KAFKA_BROKERS: tls })).toMatch(/^fault: Kafka takes connections.*TLS/)
    const reverse = { KAFKA_BROKERS: plain, KAFKA_SSL: 'true' }
    expect(await found(reverse)).toMatch(/^fault: .*does not speak TLS/)
  })

  it('when the password is wrong, or none is given', async () => {
    const wrong = await found(withPassword('topsecret'))
    expect(wrong).toMatch(/^fault: Kafka does not know who we are \(plain\).*KAFKA_SASL_PASSWORD/)
    expect(wrong).not.toContain('topsecret')
    expect(await found({ KAFKA_BROKERS: sasl })).toMatch(/^fault: Kafka takes .*or SASL/)
  })
})
