import { Type } from 'typebox'
import { LOG_LEVELS } from '../log-level.ts'
import { databaseUrlProblem } from './database-url.ts'
import type { Environment } from './environment.ts'
import { CommaList, checked, oneOf, optional, required, setting, wholeNumber } from './settings.ts'
import { tlsSettings, together } from './tls-settings.ts'

/** Settings that every service shares. */
export const LOG_SETTINGS = {
  logLevel: setting(
    'LOG_LEVEL',
    oneOf(LOG_LEVELS),
    'info',
    'How much is logged. At debug there is one line for every event. PUT /log-level on the management port changes it for a while.',
  ),
} as const

const kafkaTls = tlsSettings('KAFKA_SSL', 'brokers', ({ KAFKA_SSL }) =>
  /^(true|1)$/i.test(KAFKA_SSL?.trim() ?? '') ? null : 'has no effect without KAFKA_SSL=true',
)

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
    'Whether brokers are reached over TLS.',
    'true',
  ),
  kafkaSslCaFile: kafkaTls.ca,
  kafkaSslCertFile: kafkaTls.ownCertificate,
  kafkaSslKeyFile: kafkaTls.ownKey,
  kafkaSaslMechanism: checked(
    optional(
      'KAFKA_SASL_MECHANISM',
      oneOf(['plain', 'scram-sha-256', 'scram-sha-512']),
      'SASL mechanism; needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.',
      'scram-sha-512',
    ),
    (_, environment) =>
      together(environment, 'KAFKA_SASL_USERNAME') ?? together(environment, 'KAFKA_SASL_PASSWORD'),
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
  databaseUrl: checked(
    required(
      'DATABASE_URL',
      Type.String({ pattern: '^postgres(ql)?://' }),
      'Postgres connection URL. With TLS: ?sslmode=verify-full, and the files sslrootcert, sslcert and sslkey (PEM).',
      'postgres://event_router:…@db:5432/event_router?sslmode=verify-full&sslrootcert=/etc/event-router/tls/ca.crt',
    ),
    databaseUrlProblem,
  ),
} as const

const URL_VARIABLE = 'SCHEMA_REGISTRY_URL'
const USERNAME = 'SCHEMA_REGISTRY_USERNAME'
const PASSWORD = 'SCHEMA_REGISTRY_PASSWORD'
const TOKEN = 'SCHEMA_REGISTRY_TOKEN'

function urlOf(environment: Environment): URL | null {
  return URL.parse(environment[URL_VARIABLE]?.trim() ?? '')
}

/** Of two ways to say who we are it would be left to chance which one counts. */
function twoIdentities(environment: Environment): string | null {
  if (environment[TOKEN] && environment[USERNAME])
    return `${TOKEN} and ${USERNAME}: give one of them`
  const url = urlOf(environment)
  const inUrl = url !== null && `${url.username}${url.password}` !== ''
  return inUrl ? `${URL_VARIABLE} has credentials too: take them out of it` : null
}

function twoContexts(environment: Environment): string | null {
  const named = /\/contexts\//.test(urlOf(environment)?.pathname ?? '')
  return named ? `${URL_VARIABLE} names a context too: take it out of one of them` : null
}

const tls = tlsSettings('SCHEMA_REGISTRY', 'registries', (environment) =>
  urlOf(environment)?.protocol === 'https:'
    ? null
    : `has no effect unless ${URL_VARIABLE} is https`,
)

/** How to reach the schema registry (Confluent's API). */
export const REGISTRY_SETTINGS = {
  schemaRegistryUrl: checked(
    required(
      URL_VARIABLE,
      Type.String({ pattern: '^https?://' }),
      'Base URL of a registry that speaks Confluent\u2019s API; a path, as /apis/ccompat/v7 or /contexts/:.name:, belongs to it.',
      'https://schema-registry:8081',
    ),
    (text) => (URL.canParse(text) ? null : 'is not a URL'),
  ),
  schemaRegistryUsername: checked(
    optional(
      USERNAME,
      Type.String({ pattern: '^[^:]+$' }),
      `User of the registry; needs ${PASSWORD}.`,
      'event-router',
    ),
    (_, environment) => together(environment, PASSWORD) ?? twoIdentities(environment),
  ),
  schemaRegistryPassword: checked(
    optional(PASSWORD, Type.String(), `Password of ${USERNAME}.`, '…'),
    (_, environment) => together(environment, USERNAME),
  ),
  schemaRegistryToken: checked(
    optional(
      TOKEN,
      Type.String({ pattern: '^[\\x21-\\x7e]+$' }),
      'Bearer token for the registry, instead of a user.',
      'eyJhbGciOiJSUzI1NiJ9',
    ),
    (_, environment) => twoIdentities(environment),
  ),
  schemaRegistryContext: checked(
    optional(
      'SCHEMA_REGISTRY_CONTEXT',
      Type.String({ pattern: '^\\.?[A-Za-z0-9_-][A-Za-z0-9._-]{0,120}$' }),
      'Context in which subjects are asked for, as :.name:subject; without it the registry\u2019s default one.',
      '.staging',
    ),
    (_, environment) => twoContexts(environment),
  ),
  schemaRegistryCaFile: tls.ca,
  schemaRegistryCertFile: tls.ownCertificate,
  schemaRegistryKeyFile: tls.ownKey,
} as const
