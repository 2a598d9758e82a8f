import { probeBrokers } from '#platform/kafka/broker-probe.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import { partitionReplicas } from '#platform/kafka/replica-view.ts'
import { clusterSize, findTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { declaredTopics, defaultReplication } from '#registrar/topic-declarations.ts'
import type { BrokerAnswer, BrokerFacts } from './brokers.ts'
import type { DoctorSettings } from './settings.ts'
import type { TopicFacts } from './topics.ts'

export type KafkaSettings = Extract<DoctorSettings['kafka'], { ok: true }>['value']

/** A name that cannot be resolved takes the resolver's own time. */
const PROBE_WITHIN_MS = 5000
const silent = createLogger({ service: 'cli', level: 'silent' })

export function doctorConnection(settings: KafkaSettings): KafkaConnection {
  return connectionOf(settings, 'event-router-cli')
}

async function clusterAnswer(connection: KafkaConnection): Promise<BrokerAnswer> {
  try {
    return { kind: 'answered', brokers: await clusterSize(connection, silent) }
  } catch (error) {
    return { kind: 'refused', error }
  }
}

/** Whether each bootstrap broker takes a connection, and whether Kafka answers on one. */
export async function readBrokers(settings: KafkaSettings): Promise<BrokerFacts> {
  const connection = doctorConnection(settings)
  const probes = await probeBrokers(connection, PROBE_WITHIN_MS)
  const isOpen = probes.some(({ problem }) => problem === null)
  return {
    identity: {
      tls: settings.kafkaSsl,
      hasCertificate: settings.kafkaSslCertFile !== null,
      mechanism: settings.kafkaSaslMechanism,
    },
    probes,
    answer: isOpen ? await clusterAnswer(connection) : { kind: 'unasked' },
  }
}

/** How many brokers there are, or null when Kafka did not say. */
export function brokersOf({ answer }: BrokerFacts): number | null {
  return answer.kind === 'answered' ? answer.brokers : null
}

/** Our topics as they are and as they should be. */
export async function readTopics(
  settings: KafkaSettings,
  brokers: number,
  isLocal: boolean,
): Promise<TopicFacts> {
  const connection = doctorConnection(settings)
  const { topicPrefix, replicationFactor } = settings
  const declared = declaredTopics(topicPrefix, replicationFactor ?? defaultReplication(brokers))
  const names = declared.map(({ name }) => name)
  const [found, replicas] = await Promise.all([
    findTopics(connection, declared, silent),
    partitionReplicas(connection, names, silent),
  ])
  return { brokers, declared, found, replicas, isLocal }
}
