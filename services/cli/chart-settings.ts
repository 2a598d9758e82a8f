import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import type { Setting, SettingDefinitions } from '#platform/config/settings.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'

/** Components of the chart that take `settings`. */
export const CHART_SERVICES = {
  ingress: INGRESS_SETTINGS,
  consumer: CONSUMER_SETTINGS,
  registrar: REGISTRAR_SETTINGS,
} as const satisfies Readonly<Record<string, SettingDefinitions>>

/** Variables that the chart's templates set, from values of other names or always alike. */
const SET_BY_TEMPLATES = new Set([
  'LOG_LEVEL',
  'KAFKA_BROKERS',
  'TOPIC_PREFIX',
  'KAFKA_SSL',
  'KAFKA_SSL_CA_FILE',
  'KAFKA_SSL_CERT_FILE',
  'KAFKA_SSL_KEY_FILE',
  'KAFKA_SASL_MECHANISM',
  'KAFKA_SASL_USERNAME',
  'KAFKA_SASL_PASSWORD',
  'KAFKA_REPLICATION_FACTOR',
  'SCHEMA_REGISTRY_URL',
  'SCHEMA_REGISTRY_USERNAME',
  'SCHEMA_REGISTRY_PASSWORD',
  'SCHEMA_REGISTRY_TOKEN',
  'SCHEMA_REGISTRY_CONTEXT',
  'SCHEMA_REGISTRY_CA_FILE',
  'SCHEMA_REGISTRY_CERT_FILE',
  'SCHEMA_REGISTRY_KEY_FILE',
  'DATABASE_URL',
  'ENDPOINTS_STORE',
  'ENDPOINTS_FILE',
  'ENDPOINTS_DATABASE_URL',
  'ENDPOINTS_KEYS',
  'AUTHORIZATION_CA_FILE',
  'AUTHORIZATION_CERT_FILE',
  'AUTHORIZATION_KEY_FILE',
  'INGRESS_HOST',
  'INGRESS_PORT',
  'MANAGEMENT_HOST',
  'MANAGEMENT_PORT',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'TRACE_SAMPLE_RATIO',
])

/** Variables that no value of the chart sets, with the reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  REPORT_COORDINATES: 'answers would tell senders topics and offsets; tests use extraEnvVars',
}

/** Settings of a service that an operator gives by their variable, as `<component>.settings`. */
export function settingsByVariable(service: keyof typeof CHART_SERVICES): readonly Setting[] {
  const definitions: SettingDefinitions = CHART_SERVICES[service]
  return Object.values(definitions).filter(
    ({ variable }) => !SET_BY_TEMPLATES.has(variable) && !(variable in LEFT_OUT),
  )
}
