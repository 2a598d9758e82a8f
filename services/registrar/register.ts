import { setTimeout as delay } from 'node:timers/promises'
import type { CatalogueEntry } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import { controlTopic } from '#core/routing.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type {
  DeclaredTopic,
  PartitionConflict,
  SettingDifference,
} from '#platform/kafka/topic-plan.ts'
import { clusterSize, ensureTopics } from '#platform/kafka/topics.ts'
import type { Logger } from '#platform/log.ts'
import { errorFields } from '#platform/log.ts'
import type { RegistryAnswer } from '#platform/registry/registry-answer.ts'
import { RegistryClient, SUBJECT_LEVEL } from '#platform/registry/registry-client.ts'
import { readCatalogue } from './catalogue-reader.ts'
import { writeCatalogue } from './catalogue-writer.ts'
import type {
  Change,
  DeclaredSubject,
  RegisteredSubject,
  SubjectState,
} from './registration-plan.ts'
import { declaredSubjects, entriesToWrite, subjectPlan } from './registration-plan.ts'
import type { SchemaFault, SchemaFolder } from './schema-files.ts'
import { readSchemaFolders } from './schema-files.ts'
import type { RegistrarSettings } from './settings.ts'
import { declaredTopics, defaultReplication } from './topic-declarations.ts'

/** What a registration came to. Everything but `done` left the later steps undone. */
export type Registration =
  | {
      readonly kind: 'done'
      /** Empty when everything was there already. */
      readonly changes: readonly Change[]
      readonly topics: readonly DeclaredTopic[]
      readonly differences: readonly SettingDifference[]
      readonly subjects: readonly RegisteredSubject[]
      readonly states: ReadonlyMap<ApiVersion, string>
    }
  | { readonly kind: 'bad_schemas'; readonly faults: readonly SchemaFault[] }
  | { readonly kind: 'partitions_differ'; readonly conflicts: readonly PartitionConflict[] }
  /** A registry or Kafka that said no, or did not answer. */
  | { readonly kind: 'failed'; readonly step: string; readonly reason: string }

/** Ends a registration from within its steps; never leaves this file. */
class Stop extends Error {
  readonly registration: Registration

  constructor(registration: Registration) {
    super(registration.kind)
    this.registration = registration
  }
}

function failed(step: string, reason: string): Stop {
  return new Stop({ kind: 'failed', step, reason })
}

const REGISTRY_ATTEMPTS = 5
const REGISTRY_BACK_OFF_MS = 500
const KAFKA_WITHIN_MS = 20_000

/** Asks again while the registry cannot be reached; every call here may be repeated. */
async function answered<Value>(
  step: string,
  call: () => Promise<RegistryAnswer<Value>>,
): Promise<Value> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await call()
    if (answer.kind === 'ok') return answer.value
    if (answer.kind === 'refused') {
      throw failed(step, `the registry refuses (HTTP ${answer.status}): ${answer.reason}`)
    }
    if (attempt === REGISTRY_ATTEMPTS) {
      throw failed(step, `the registry cannot be reached (${answer.reason})`)
    }
    await delay(REGISTRY_BACK_OFF_MS)
  }
}

async function kafkaStep<Value>(
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

async function ensureDeclared(
  connection: KafkaConnection,
  topics: readonly DeclaredTopic[],
  log: Logger,
) {
  const result = await kafkaStep('topics', log, () => ensureTopics(connection, topics, log))
  if (!result.ok) throw new Stop({ kind: 'partitions_differ', conflicts: result.conflicts })
  return result
}

async function stateOf(registry: RegistryClient, declared: DeclaredSubject): Promise<SubjectState> {
  const { subject, schema } = declared
  const level = await answered(subject, () => registry.compatibility(subject))
  const schemaId = await answered(subject, () => registry.registeredId(subject, schema))
  return { ...declared, level, schemaId }
}

/** Levels, then schemas; one subject after another, so that the log tells how far it came. */
async function registerSubjects(
  registry: RegistryClient,
  folders: readonly SchemaFolder[],
): Promise<{ readonly subjects: readonly RegisteredSubject[]; readonly changes: Change[] }> {
  const states: SubjectState[] = []
  for (const declared of declaredSubjects(folders)) states.push(await stateOf(registry, declared))
  const plan = subjectPlan(states, SUBJECT_LEVEL)
  const changes: Change[] = []
  for (const { subject, level } of plan.levels) {
    await answered(subject, () => registry.setCompatibility(subject))
    changes.push({ kind: 'compatibility_set', subject, was: level })
  }
  const ids = new Map<string, number>()
  for (const { subject, schema } of plan.schemas) {
    const schemaId = await answered(subject, () => registry.register(subject, schema))
    ids.set(subject, schemaId)
    changes.push({ kind: 'schema_registered', subject, schemaId })
  }
  const subjects = states.map((state) => ({
    ...state,
    schemaId: state.schemaId ?? ids.get(state.subject) ?? 0,
  }))
  return { subjects, changes }
}

async function writeEntries(
  connection: KafkaConnection,
  topic: string,
  subjects: readonly RegisteredSubject[],
  log: Logger,
): Promise<{ readonly changes: Change[]; readonly states: Map<ApiVersion, string> }> {
  const catalogue = await readCatalogue(connection, topic, log, KAFKA_WITHIN_MS)
  if (catalogue === null) throw failed('catalogue', `the topic ${topic} cannot be read`)
  const entries = entriesToWrite(subjects, catalogue)
  const writing = { connection, topic, log, withinMs: KAFKA_WITHIN_MS }
  const problem = entries.length === 0 ? null : await writeCatalogue(writing, entries)
  if (problem !== null) throw failed('catalogue', problem)
  const all: readonly CatalogueEntry[] = [...catalogue.values(), ...entries]
  return {
    changes: entries.map(({ version, state }) => ({ kind: 'entry_written', version, state })),
    states: new Map(all.map(({ version, state }) => [version, state])),
  }
}

async function replicationOf(
  settings: RegistrarSettings,
  connection: KafkaConnection,
  log: Logger,
): Promise<number> {
  if (settings.replicationFactor !== null) return Number(settings.replicationFactor)
  return defaultReplication(await kafkaStep('topics', log, () => clusterSize(connection, log)))
}

async function registerAll(settings: RegistrarSettings, log: Logger): Promise<Registration> {
  const folders = await readFolders(settings.schemasFolder)
  const connection = connectionOf(settings, 'event-router-registrar')
  const replication = await replicationOf(settings, connection, log)
  const topics = declaredTopics(settings.topicPrefix, replication)
  const { created, differences } = await ensureDeclared(connection, topics, log)
  const registry = new RegistryClient({ url: settings.schemaRegistryUrl })
  const registered = await registerSubjects(registry, folders)
  const control = controlTopic(settings.topicPrefix)
  const entries = await writeEntries(connection, control, registered.subjects, log)
  const made = created.map((topic): Change => ({ kind: 'topic_created', topic }))
  return {
    kind: 'done',
    changes: [...made, ...registered.changes, ...entries.changes],
    topics,
    differences,
    subjects: registered.subjects,
    states: entries.states,
  }
}

/**
 * Checks all schemas, makes the topics, sets compatibility levels, registers, and writes the
 * catalogue, in that order. Safe to run twice and to interrupt: it changes only what is missing.
 */
export async function register(settings: RegistrarSettings, log: Logger): Promise<Registration> {
  try {
    return await registerAll(settings, log)
  } catch (error) {
    if (error instanceof Stop) return error.registration
    throw error
  }
}
