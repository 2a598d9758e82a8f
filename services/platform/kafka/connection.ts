import type { ISocketFactory, KafkaConfig, LogEntry, SASLOptions } from 'kafkajs'
import { Kafka, logLevel } from 'kafkajs'
import type { KAFKA_SETTINGS } from '../config/service-settings.ts'
import type { Settings } from '../config/settings.ts'
import type { TlsFiles } from '../config/tls-files.ts'
import { tlsMaterial } from '../config/tls-files.ts'
import type { Logger } from '../log.ts'
import { thriftyBatches } from './record-batch.ts'
import { calmRequestQueues } from './request-queue.ts'
import { thriftyEncoders } from './wire-encoder.ts'

/** How to reach a Kafka cluster. */
export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  /** Whether over TLS, and with which files; `true` trusts the authorities of the system. */
  readonly ssl: boolean | TlsFiles
  readonly sasl: SASLOptions | null
}

/** The connection that the settings describe. */
export function connectionOf(
  settings: Settings<typeof KAFKA_SETTINGS>,
  clientId: string,
): KafkaConnection {
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername, kafkaSaslPassword } = settings
  const sasl =
    mechanism === null
      ? null
      : { mechanism, username: kafkaSaslUsername ?? '', password: kafkaSaslPassword ?? '' }
  return {
    brokers: settings.kafkaBrokers,
    clientId,
    ssl: settings.kafkaSsl && {
      caFile: settings.kafkaSslCaFile,
      certFile: settings.kafkaSslCertFile,
      keyFile: settings.kafkaSslKeyFile,
    },
    sasl: sasl as SASLOptions | null,
  }
}

/**
 * kafkajs shouts at level error about what its callers handle (an existing topic, a moved leader),
 * and its messages can repeat what it was given. So its lines go to debug, as their namespace and
 * level only; what matters is logged by whoever handles it.
 */
function quietLogger(log: Logger) {
  return () => (entry: LogEntry) => {
    log.debug({ event: 'kafkajs', namespace: entry.namespace, at: entry.label })
  }
}

/** kafkajs copies these for each connection: a renewed certificate counts from the next one on. */
function tlsOptions(ssl: KafkaConnection['ssl']): Exclude<KafkaConfig['ssl'], undefined> {
  if (typeof ssl === 'boolean') return ssl
  return {
    get ca() {
      return tlsMaterial(ssl).ca
    },
    get cert() {
      return tlsMaterial(ssl).cert
    },
    get key() {
      return tlsMaterial(ssl).key
    },
  }
}

/** Rules P4 and C4 of `client-pitfalls.md`: what the library may wait for at each of its steps. */
export const TIME_OUTS = {
  connectionTimeout: 1000,
  authenticationTimeout: 2000,
  requestTimeout: 3000,
  enforceRequestTimeout: true,
} as const satisfies Partial<KafkaConfig>

/**
 * A kafkajs client with our time-outs and without its noise.
 *
 * @param retries attempts after the first; 0 for producers, whose retries are ours.
 * @param socketFactory kafkajs's own unless given.
 */
export function kafkaClient(
  connection: KafkaConnection,
  log: Logger,
  retries: number,
  socketFactory?: ISocketFactory,
): Kafka {
  calmRequestQueues()
  thriftyEncoders()
  thriftyBatches()
  const config: KafkaConfig = {
    clientId: connection.clientId,
    brokers: [...connection.brokers],
    ssl: tlsOptions(connection.ssl),
    ...TIME_OUTS,
    retry: { retries, initialRetryTime: 100, maxRetryTime: 1000 },
    logLevel: logLevel.INFO,
    logCreator: quietLogger(log),
    ...(socketFactory === undefined ? {} : { socketFactory }),
  }
  return new Kafka(connection.sasl === null ? config : { ...config, sasl: connection.sasl })
}
