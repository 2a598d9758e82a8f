import type { Environment } from '#platform/config/environment.ts'
import { CONSUMER_MEMORY, INGRESS_MEMORY } from './memory.ts'

/** Where the services find what they stand on. */
export interface PartAddresses {
  /** `host:port`, several separated by commas. */
  readonly brokers: string
  /** Whether the brokers are the user's own, whose KAFKA_SSL and KAFKA_SASL_* then count. */
  readonly foreignBrokers: boolean
  readonly registryUrl: string
  /** Whether the registry is the user's own, whose SCHEMA_REGISTRY_* then count. */
  readonly foreignRegistry: boolean
  readonly databaseUrl: string
}

/** An empty variable counts as none. */
const UNSET = ''

const PLAIN_KAFKA = {
  KAFKA_SSL: UNSET,
  KAFKA_SSL_CA_FILE: UNSET,
  KAFKA_SSL_CERT_FILE: UNSET,
  KAFKA_SSL_KEY_FILE: UNSET,
  KAFKA_SASL_MECHANISM: UNSET,
  KAFKA_SASL_USERNAME: UNSET,
  KAFKA_SASL_PASSWORD: UNSET,
}

const PLAIN_REGISTRY = {
  SCHEMA_REGISTRY_USERNAME: UNSET,
  SCHEMA_REGISTRY_PASSWORD: UNSET,
  SCHEMA_REGISTRY_TOKEN: UNSET,
  SCHEMA_REGISTRY_CONTEXT: UNSET,
  SCHEMA_REGISTRY_CA_FILE: UNSET,
  SCHEMA_REGISTRY_CERT_FILE: UNSET,
  SCHEMA_REGISTRY_KEY_FILE: UNSET,
}

/** Each consumer's connections to Postgres; five consumers share one small server. */
const POOL_SIZE = '2'
/** One tenant may send as fast as it can: demonstrations do. */
const NO_TENANT_RATE = '0'
/** Together below the 20 s that a stop may take; see `stopGraceMs` of the services. */
const INGRESS_DRAIN_MS = '4000'
const CONSUMER_SHUTDOWN_MS = '5000'

function kafka({ brokers, foreignBrokers }: PartAddresses) {
  return { ...(foreignBrokers ? {} : PLAIN_KAFKA), KAFKA_BROKERS: brokers }
}

/** What the registrar is told over the user's environment. */
export function registrarEnvironment(addresses: PartAddresses, schemasFolder: string) {
  return {
    ...kafka(addresses),
    ...(addresses.foreignRegistry ? {} : PLAIN_REGISTRY),
    SCHEMA_REGISTRY_URL: addresses.registryUrl,
    SCHEMAS_FOLDER: schemasFolder,
  }
}

/** What all services of a stack have in common. */
export interface ServiceSurroundings {
  readonly environment: Environment
  readonly endpointsFile: string
  /** Folder in which Node keeps what it compiled: later starts are quicker and 20 MB smaller each. */
  readonly compileCache: string
}

function service(addresses: PartAddresses, compileCache: string, managementPort: number) {
  return {
    ...kafka(addresses),
    ...PLAIN_REGISTRY,
    SCHEMA_REGISTRY_URL: UNSET,
    MANAGEMENT_HOST: '127.0.0.1',
    MANAGEMENT_PORT: String(managementPort),
    NODE_COMPILE_CACHE: compileCache,
  }
}

/** What the ingress is told over the user's environment. It has no business with the database. */
export function ingressEnvironment(
  addresses: PartAddresses,
  { environment, endpointsFile, compileCache }: ServiceSurroundings,
  ports: { readonly ingress: number; readonly management: number },
) {
  return {
    ...service(addresses, compileCache, ports.management),
    ...INGRESS_MEMORY,
    DATABASE_URL: UNSET,
    INGRESS_PORT: String(ports.ingress),
    ENDPOINTS_STORE: 'file',
    ENDPOINTS_FILE: endpointsFile,
    REPORT_COORDINATES: 'true',
    TENANT_RATE_PER_SECOND: environment.TENANT_RATE_PER_SECOND || NO_TENANT_RATE,
    DRAIN_DELAY_MS: '0',
    DRAIN_DEADLINE_MS: INGRESS_DRAIN_MS,
  }
}

/** What a consumer is told over the user's environment. */
export function consumerEnvironment(
  addresses: PartAddresses,
  { environment, compileCache }: ServiceSurroundings,
  managementPort: number,
) {
  return {
    ...service(addresses, compileCache, managementPort),
    ...CONSUMER_MEMORY,
    DATABASE_URL: addresses.databaseUrl,
    DATABASE_POOL_SIZE: environment.DATABASE_POOL_SIZE || POOL_SIZE,
    SHUTDOWN_DEADLINE_MS: CONSUMER_SHUTDOWN_MS,
  }
}
