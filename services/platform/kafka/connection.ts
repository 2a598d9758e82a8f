import type { KafkaConfig, LogEntry, SASLOptions } from 'kafkajs'
import { Kafka, logLevel } from 'kafkajs'
import type { KAFKA_SETTINGS } from '../config/service-settings.ts'
import type { Settings } from '../config/settings.ts'
import type { Logger } from '../log.ts'
import { calmRequestQueues } from './request-queue.ts'

/** How to reach a Kafka cluster. */
export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: boolean
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
    ssl: settings.kafkaSsl,
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

/**
 * A kafkajs client with the time-outs of `client-pitfalls.md` (P4, C4): one request 3 s, one
 * connection 1 s.
 *
 * @param retries attempts after the first; 0 for producers, whose retries are ours.
 */
export function kafkaClient(connection: KafkaConnection, log: Logger, retries: number): Kafka {
  calmRequestQueues()
  const config: KafkaConfig = {
    clientId: connection.clientId,
    brokers: [...connection.brokers],
    ssl: connection.ssl,
    connectionTimeout: 1000,
    authenticationTimeout: 2000,
    requestTimeout: 3000,
    enforceRequestTimeout: true,
    retry: { retries, initialRetryTime: 100, maxRetryTime: 1000 },
    logLevel: logLevel.INFO,
    logCreator: quietLogger(log),
  }
  return new Kafka(connection.sasl === null ? config : { ...config, sasl: connection.sasl })
}
