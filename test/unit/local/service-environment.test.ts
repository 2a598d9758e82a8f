import { describe, expect, it } from 'vitest'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { servicePlans } from '#local/service-children.ts'
import type { PartAddresses } from '#local/service-environment.ts'
import { registrarEnvironment } from '#local/service-environment.ts'
import type { Environment } from '#platform/config/environment.ts'
import { loadSettings } from '#platform/config/settings.ts'

const embedded: PartAddresses = {
  brokers: '127.0.0.1:9092',
  foreignBrokers: false,
  foreignRegistry: false,
  registryUrl: 'http://127.0.0.1:8081',
  databaseUrl: 'postgres://127.0.0.1:15432/x',
}

function environments(environment: Environment, addresses = embedded) {
  const surroundings = { environment, endpointsFile: 'endpoints.json', compileCache: 'compiled' }
  const plans = servicePlans(addresses, surroundings, 8080, [1, 2, 3, 4, 5, 6])
  return plans.map(({ env }) => ({ ...environment, ...env }))
}

function settingsOf(environment: Environment, addresses = embedded) {
  const [ingress = {}, consumer = {}] = environments(environment, addresses)
  return {
    ingress: loadSettings(INGRESS_SETTINGS, ingress),
    consumer: loadSettings(CONSUMER_SETTINGS, consumer),
  }
}

describe('what the services are told', () => {
  it('is where the parts are, and to answer with coordinates', () => {
    const { ingress, consumer } = settingsOf({})
    expect(ingress.kafkaBrokers).toEqual(['127.0.0.1:9092'])
    expect([ingress.port, ingress.managementPort, ingress.reportCoordinates]).toEqual([
      8080,
      1,
      true,
    ])
    expect(consumer.databaseUrl).toBe(embedded.databaseUrl)
    expect(consumer.managementPort).toBe(2)
  })

  it('includes what the user has set for them', () => {
    const environment = { LOG_LEVEL: 'debug', TOPIC_PREFIX: 'mine', QUEUE_MAX_RECORDS: '5' }
    const { ingress, consumer } = settingsOf(environment)
    expect([ingress.logLevel, ingress.topicPrefix, ingress.queueRecords]).toEqual([
      'debug',
      'mine',
      5,
    ])
    expect(consumer.topicPrefix).toBe('mine')
  })

  it('never takes the TLS and password of a foreign Kafka to the embedded one', () => {
    const environment = {
      KAFKA_SSL: 'true',
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'user',
      KAFKA_SASL_PASSWORD: 'word',
    }
    expect(settingsOf(environment).ingress).toMatchObject({
      kafkaSsl: false,
      kafkaSaslMechanism: null,
    })
    const foreign = { ...embedded, foreignBrokers: true }
    expect(settingsOf(environment, foreign).ingress).toMatchObject({
      kafkaSsl: true,
      kafkaSaslMechanism: 'plain',
    })
  })

  it('never takes the credentials of a foreign registry to the embedded one, nor to a service', () => {
    const environment = { SCHEMA_REGISTRY_TOKEN: 'word', SCHEMA_REGISTRY_URL: 'https://registry' }
    const told = (addresses: PartAddresses) => ({
      ...environment,
      ...registrarEnvironment(addresses, 'schemas'),
    })
    expect(told(embedded).SCHEMA_REGISTRY_TOKEN).toBe('')
    expect(told({ ...embedded, foreignRegistry: true }).SCHEMA_REGISTRY_TOKEN).toBe('word')
    for (const service of environments(environment, { ...embedded, foreignRegistry: true })) {
      expect(JSON.stringify(service)).not.toContain('word')
    }
  })

  it('keeps the password of the database from the ingress', () => {
    const [ingress] = environments({ DATABASE_URL: 'postgres://user:word@db/x' })
    expect(JSON.stringify(ingress)).not.toContain('word')
  })

  it('leaves time for the parts within the 20 s of a stop', () => {
    const { ingress, consumer } = settingsOf({ DRAIN_DELAY_MS: '5000' })
    const services = ingress.drainDelayMs + ingress.drainDeadlineMs + consumer.shutdownDeadlineMs
    expect(services).toBeLessThan(10_000)
  })
})
