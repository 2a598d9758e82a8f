import { setTimeout as delay } from 'node:timers/promises'
import { controlTopic } from '#core/routing.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type { DeclaredTopic } from '#platform/kafka/topic-plan.ts'
import { clusterSize, findTopics } from '#platform/kafka/topics.ts'
import type { Logger } from '#platform/log.ts'
import { errorFields } from '#platform/log.ts'
import { registryOptions } from '#platform/registry/registry-access.ts'
import type { RegistryAnswer } from '#platform/registry/registry-answer.ts'
import { registryProblem } from '#platform/registry/registry-answer.ts'
import { RegistryClient, SUBJECT_LEVEL } from '#platform/registry/registry-client.ts'
import { readCatalogue } from './catalogue-reader.ts'
import { failed, Stop } from './registration.ts'
import type {
  DeclaredSubject,
  FoundState,
  RegistrationPlan,
  SubjectState,
} from './registration-plan.ts'
import { declaredSubjects, registrationPlan } from './registration-plan.ts'
import type { SchemaFolder } from './schema-files.ts'
import { readSchemaFolders } from './schema-files.ts'
import type { RegistrarSettings } from './settings.ts'
import { declaredTopics, defaultReplication } from './topic-declarations.ts'

const REGISTRY_ATTEMPTS = 5
const REGISTRY_BACK_OFF_MS = 500
export const KAFKA_WITHIN_MS = 20_000

/** What a registration works with, and what is to change. */
export interface Prepared {
  readonly connection: KafkaConnection
  readonly registry: RegistryClient
  readonly topics: readonly DeclaredTopic[]
  readonly found: FoundState
  readonly plan: RegistrationPlan
}

/** Asks again while the registry cannot be reached; every call here may be repeated. */
export async function answered<Value>(
  step: string,
  call: () => Promise<RegistryAnswer<Value>>,
): Promise<Value> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await call()
    if (answer.kind === 'ok') return answer.value
    if (answer.kind !== 'unreachable' || attempt === REGISTRY_ATTEMPTS) {
      throw failed(step, registryProblem(answer))
    }
    await delay(REGISTRY_BACK_OFF_MS)
  }
}

/** A step that needs Kafka; what goes wrong ends the registration with the step's name. */
export async function kafkaStep<Value>(
  step: string,
  log: Logger,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    log.error({ event: 'registrar.kafka_failed', step, ...errorFields(error) })
    throw failed(step, `Kafka cannot be reached or refuses (${(error as Error).name})`)
  }
}

async function readFolders(root: string): Promise<readonly SchemaFolder[]> {
  const reading = await readSchemaFolders(root)
  if (reading === null) throw failed('schemas', `there is no folder ${root}`)
  if (reading.faults.length > 0) throw new Stop({ kind: 'bad_schemas', faults: reading.faults })
  if (reading.folders.length === 0) throw failed('schemas', `no version is in the folder ${root}`)
  return reading.folders
}

async function stateOf(registry: RegistryClient, declared: DeclaredSubject): Promise<SubjectState> {
  const { subject, schema } = declared
  const level = await answered(subject, () => registry.compatibility(subject))
  const schemaId = await answered(subject, () => registry.registeredId(subject, schema))
  return { ...declared, level, schemaId }
}

async function replicationOf(
  settings: RegistrarSettings,
  connection: KafkaConnection,
  log: Logger,
): Promise<number> {
  if (settings.replicationFactor !== null) return Number(settings.replicationFactor)
  return defaultReplication(await kafkaStep('topics', log, () => clusterSize(connection, log)))
}

/** The catalogue of a control topic that is there. */
export async function foundCatalogue(
  connection: KafkaConnection,
  topic: string,
  log: Logger,
): Promise<FoundState['catalogue']> {
  const catalogue = await readCatalogue(connection, topic, log, KAFKA_WITHIN_MS)
  if (catalogue === null) throw failed('catalogue', `the topic ${topic} cannot be read`)
  return catalogue
}

/**
 * Looks at the folders, Kafka, the registry and the catalogue, and decides what is to change. Only
 * looks: both a plan and a registration begin here, so what is planned is what is done.
 *
 * @throws Stop
 */
export async function prepared(settings: RegistrarSettings, log: Logger): Promise<Prepared> {
  const folders = await readFolders(settings.schemasFolder)
  const connection = connectionOf(settings, 'event-router-registrar')
  const replication = await replicationOf(settings, connection, log)
  const topics = declaredTopics(settings.topicPrefix, replication)
  const found = await kafkaStep('topics', log, () => findTopics(connection, topics, log))
  const control = controlTopic(settings.topicPrefix)
  const registry = new RegistryClient(registryOptions(settings))
  const subjects: SubjectState[] = []
  for (const declared of declaredSubjects(folders)) {
    subjects.push(await stateOf(registry, declared))
  }
  const hasControl = found.some(({ name }) => name === control)
  const catalogue = hasControl ? await foundCatalogue(connection, control, log) : new Map()
  const state: FoundState = { topics: found, subjects, catalogue }
  const plan = registrationPlan(topics, state, SUBJECT_LEVEL)
  const { conflicts } = plan.topics
  if (conflicts.length > 0) throw new Stop({ kind: 'partitions_differ', conflicts })
  return { connection, registry, topics, found: state, plan }
}
