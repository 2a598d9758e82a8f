import {
  controlTopic,
  DOMAINS,
  EVENT_PARTITIONS,
  endpointUsageTopic,
  eventTopic,
  MODES,
  quarantineTopic,
} from '#core/routing.ts'
import type { DeclaredTopic } from '#platform/kafka/topic-plan.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** The sender's own replay window (contract, section 3.3). */
const RETENTION_MS = 30 * DAY_MS
/** An operator asks about the last days: the sender retries for seven. */
const USAGE_RETENTION_MS = 90 * DAY_MS
/**
 * A body may have 1 MiB; its record also holds the typed copy of it, which can be larger than the
 * JSON: `{}` in a list of objects takes three bytes there and five here.
 */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024
const LARGEST_DEFAULT_REPLICATION = 3

/** Copies of each partition when nobody says otherwise. */
export function defaultReplication(brokers: number): number {
  return Math.max(1, Math.min(LARGEST_DEFAULT_REPLICATION, brokers))
}

function durability(replicationFactor: number): Readonly<Record<string, string>> {
  return {
    'min.insync.replicas': String(Math.max(1, replicationFactor - 1)),
    'max.message.bytes': String(MAX_MESSAGE_BYTES),
  }
}

function eventLog(name: string, replicationFactor: number): DeclaredTopic {
  return {
    name,
    partitions: EVENT_PARTITIONS,
    replicationFactor,
    settings: {
      'cleanup.policy': 'delete',
      'retention.ms': String(RETENTION_MS),
      ...durability(replicationFactor),
    },
  }
}

/** Every topic of the router: events and quarantine of both modes, control, usage of secrets. */
export function declaredTopics(
  prefix: string,
  replicationFactor: number,
): readonly DeclaredTopic[] {
  const events = MODES.flatMap((mode) => [
    ...DOMAINS.map((domain) => eventLog(eventTopic(prefix, mode, domain), replicationFactor)),
    eventLog(quarantineTopic(prefix, mode), replicationFactor),
  ])
  const control: DeclaredTopic = {
    name: controlTopic(prefix),
    partitions: 1,
    replicationFactor,
    settings: { 'cleanup.policy': 'compact', ...durability(replicationFactor) },
  }
  const usage: DeclaredTopic = {
    name: endpointUsageTopic(prefix),
    partitions: 1,
    replicationFactor,
    settings: {
      // Each process of an ingress has keys of its own, so what is old must go as well.
      'cleanup.policy': 'compact,delete',
      'retention.ms': String(USAGE_RETENTION_MS),
      ...durability(replicationFactor),
    },
  }
  return [...events, control, usage]
}
