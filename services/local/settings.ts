import { Type } from 'typebox'
import { KAFKA_SETTINGS, LOG_SETTINGS } from '#platform/config/service-settings.ts'
import type { Settings } from '#platform/config/settings.ts'
import { oneOf, optional, setting, wholeNumber } from '#platform/config/settings.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'

const port = wholeNumber(1, 65_535)

/** Ports of the stack, all on 127.0.0.1. */
const PORT_SETTINGS = {
  ports: setting(
    'PORTS',
    oneOf(['fixed', 'auto']),
    'fixed',
    'Whether the ports below are used, or free ones; run.json says which.',
    'auto',
  ),
  ingressPort: setting('INGRESS_PORT', port, 8080, 'Port on which webhooks are received.'),
  managementPort: setting(
    'MANAGEMENT_PORT',
    port,
    9080,
    'Port whose /readyz answers 200 when the whole stack is ready.',
  ),
  servicesManagementPort: setting(
    'SERVICES_MANAGEMENT_PORT',
    wholeNumber(1, 65_530),
    9081,
    'First of six ports of /livez, /readyz and /metrics: the ingress, then the consumers of pass, card, settlement, compliance and program.',
  ),
  kafkaPort: setting('KAFKA_PORT', port, 9092, 'Port of the embedded Kafka.'),
  kafkaControllerPort: setting(
    'KAFKA_CONTROLLER_PORT',
    port,
    9093,
    'Port on which the embedded Kafka talks to itself.',
  ),
  registryPort: setting('REGISTRY_PORT', port, 8081, 'Port of the embedded schema registry.'),
  postgresPort: setting('POSTGRES_PORT', port, 15_432, 'Port of the embedded Postgres.'),
} as const

/**
 * Everything that the local stack can be told. Its services read their own settings from the same
 * environment, as far as the stack does not decide them.
 */
export const LOCAL_SETTINGS = {
  localDir: setting(
    'LOCAL_DIR',
    Type.String({ minLength: 1 }),
    '.local',
    'Folder of the stack\u2019s data, logs, endpoints.json and run.json; one stack a folder.',
  ),
  ...PORT_SETTINGS,
  kafkaBrokers: optional(
    'KAFKA_BROKERS',
    Type.String({ minLength: 1 }),
    'Brokers of your own instead of the embedded Kafka, host:port, separated by commas; with KAFKA_SSL and KAFKA_SASL_* as the services take them.',
    'localhost:19092',
  ),
  schemaRegistryUrl: optional(
    'SCHEMA_REGISTRY_URL',
    Type.String({ pattern: '^https?://' }),
    'A registry of your own (Confluent\u2019s API) instead of the embedded one.',
    'http://localhost:18081',
  ),
  databaseUrl: optional(
    'DATABASE_URL',
    Type.String({ pattern: '^postgres(ql)?://' }),
    'A Postgres database of your own instead of the embedded one.',
    'postgres://event_router:…@localhost:5432/event_router',
  ),
  topicPrefix: KAFKA_SETTINGS.topicPrefix,
  replicationFactor: REGISTRAR_SETTINGS.replicationFactor,
  ...LOG_SETTINGS,
} as const

export type LocalSettings = Settings<typeof LOCAL_SETTINGS>
