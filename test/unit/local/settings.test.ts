import { expect, it } from 'vitest'
import { LOCAL_SETTINGS } from '#local/settings.ts'
import { loadSettings } from '#platform/config/settings.ts'

it('starts everything on well-known ports when nothing is set', () => {
  expect(loadSettings(LOCAL_SETTINGS, {})).toEqual({
    localDir: '.local',
    ports: 'fixed',
    ingressPort: 8080,
    managementPort: 9080,
    kafkaPort: 9092,
    kafkaControllerPort: 9093,
    registryPort: 8081,
    servicesManagementPort: 9081,
    postgresPort: 15_432,
    kafkaBrokers: null,
    schemaRegistryUrl: null,
    databaseUrl: null,
    topicPrefix: 'qairopay',
    replicationFactor: null,
    logLevel: 'info',
  })
})

it('takes the parts of the user by their usual variables', () => {
  const settings = loadSettings(LOCAL_SETTINGS, {
    KAFKA_BROKERS: 'a:9092,b:9092',
    SCHEMA_REGISTRY_URL: 'https://registry',
    DATABASE_URL: 'postgres://db/x',
  })
  expect(settings.kafkaBrokers).toBe('a:9092,b:9092')
  expect(settings.schemaRegistryUrl).toBe('https://registry')
  expect(settings.databaseUrl).toBe('postgres://db/x')
})

it('names every setting that cannot be used, with an example', () => {
  const load = () => loadSettings(LOCAL_SETTINGS, { PORTS: 'some', KAFKA_PORT: '70000' })
  expect(load).toThrow(/PORTS: .*example: PORTS=auto[\s\S]*KAFKA_PORT: .*example: KAFKA_PORT=9092/)
})
