import { Type } from 'typebox'
import { LOG_LEVELS } from '../log-level.ts'
import { CommaList, oneOf, optional, required, setting, wholeNumber } from './settings.ts'

/** Settings that every service shares. */
export const LOG_SETTINGS = {
  logLevel: setting(
    'LOG_LEVEL',
    oneOf(LOG_LEVELS),
    'info',
    'How much is logged. At debug there is one line for every event. PUT /log-level on the management port changes it for a while.',
  ),
} as const

/** How to reach Kafka, and what our topics are called. */
export const KAFKA_SETTINGS = {
  kafkaBrokers: required(
    'KAFKA_BROKERS',
    CommaList,
    'Bootstrap brokers, host:port, separated by commas.',
    'kafka-0:9092,kafka-1:9092',
  ),
  topicPrefix: setting(
    'TOPIC_PREFIX',
    Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,63}$' }),
    'qairopay',
    'First part of every topic and consumer group name.',
  ),
  kafkaSsl: setting(
    'KAFKA_SSL',
    Type.Boolean(),
    false,
    'Whether brokers are reached over TLS, with the public CAs of the system.',
    'true',
  ),
  kafkaSaslMechanism: optional(
    'KAFKA_SASL_MECHANISM',
    oneOf(['plain', 'scram-sha-256', 'scram-sha-512']),
    'SASL mechanism; needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.',
    'scram-sha-512',
  ),
  kafkaSaslUsername: optional(
    'KAFKA_SASL_USERNAME',
    Type.String(),
    'SASL user.',
    'event-router-ingress',
  ),
  kafkaSaslPassword: optional('KAFKA_SASL_PASSWORD', Type.String(), 'SASL password.', '…'),
} as const

/** The port of probes and metrics. */
export const MANAGEMENT_SETTINGS = {
  managementHost: setting(
    'MANAGEMENT_HOST',
    Type.String(),
    '127.0.0.1',
    'Address on which /livez, /readyz and /metrics listen; 0.0.0.0 in a container.',
    '0.0.0.0',
  ),
  managementPort: setting(
    'MANAGEMENT_PORT',
    wholeNumber(0, 65_535),
    9080,
    'Port of /livez, /readyz and /metrics; 0 takes a free one.',
  ),
} as const

/** How to reach Postgres. */
export const DATABASE_SETTINGS = {
  databaseUrl: required(
    'DATABASE_URL',
    Type.String({ pattern: '^postgres(ql)?://' }),
    'Postgres connection URL.',
    'postgres://event_router:…@db:5432/event_router',
  ),
} as const

/** How to reach the schema registry (Confluent's API). */
export const REGISTRY_SETTINGS = {
  schemaRegistryUrl: required(
    'SCHEMA_REGISTRY_URL',
    Type.String({ pattern: '^https?://' }),
    'Base URL of a registry that speaks Confluent\u2019s API.',
    'http://schema-registry:8081',
  ),
} as const
