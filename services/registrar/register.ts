import type { CatalogueEntry } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import { controlTopic } from '#core/routing.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import type { DeclaredTopic } from '#platform/kafka/topic-plan.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import type { Logger } from '#platform/log.ts'
import type { RegistryClient } from '#platform/registry/registry-client.ts'
import { catalogueEnd, changeCatalogue } from './catalogue-change.ts'
import { keepingStates } from './catalogue-merge.ts'
import type { CatalogueWriting } from './catalogue-writer.ts'
import type { Prepared } from './found-state.ts'
import { answered, foundCatalogue, KAFKA_WITHIN_MS, kafkaStep, prepared } from './found-state.ts'
import type { Planning, Registration } from './registration.ts'
import { failed, Stop } from './registration.ts'
import type {
  Change,
  RegisteredSubject,
  RegistrationPlan,
  SubjectState,
} from './registration-plan.ts'
import { entriesToWrite } from './registration-plan.ts'
import type { RegistrarSettings } from './settings.ts'

async function createTopics(
  connection: KafkaConnection,
  missing: readonly DeclaredTopic[],
  log: Logger,
): Promise<readonly Change[]> {
  if (missing.length === 0) return []
  const result = await kafkaStep('topics', log, () => ensureTopics(connection, missing, log))
  // Somebody else made one in the same moment, and otherwise.
  if (!result.ok) throw new Stop({ kind: 'partitions_differ', conflicts: result.conflicts })
  return result.created.map((topic) => ({ kind: 'topic_created', topic }))
}

/** Levels, then schemas; one subject after another, so that the log tells how far it came. */
async function registerSubjects(
  registry: RegistryClient,
  states: readonly SubjectState[],
  plan: RegistrationPlan,
): Promise<{ readonly subjects: readonly RegisteredSubject[]; readonly changes: Change[] }> {
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

/** The entries as they are in the end: others may change states in the same moment. */
async function changed(
  writing: CatalogueWriting,
  entries: readonly CatalogueEntry[],
  end: bigint,
): Promise<readonly CatalogueEntry[]> {
  const change = await changeCatalogue(writing, { entries, end }, keepingStates)
  if (change.kind === 'failed') throw failed('catalogue', change.why)
  return change.entries
}

async function writeEntries(
  { connection, plan, found }: Prepared,
  topic: string,
  subjects: readonly RegisteredSubject[],
  log: Logger,
): Promise<{ readonly changes: Change[]; readonly states: Map<ApiVersion, string> }> {
  const writing = { connection, topic, log, withinMs: KAFKA_WITHIN_MS }
  const end =
    plan.entries.length === 0 ? 0n : await kafkaStep('catalogue', log, () => catalogueEnd(writing))
  // Read once more: a state may have been changed while schemas were being registered.
  const catalogue =
    plan.entries.length === 0 ? found.catalogue : await foundCatalogue(connection, topic, log)
  const entries = entriesToWrite(subjects, catalogue)
  const written = entries.length === 0 ? [] : await changed(writing, entries, end)
  const all: readonly CatalogueEntry[] = [...catalogue.values(), ...written]
  return {
    changes: written.map(({ version, state }) => ({ kind: 'entry_written', version, state })),
    states: new Map(all.map(({ version, state }) => [version, state])),
  }
}

async function registerAll(settings: RegistrarSettings, log: Logger): Promise<Registration> {
  const preparation = await prepared(settings, log)
  const { connection, registry, topics, found, plan } = preparation
  const created = await createTopics(connection, plan.topics.missing, log)
  const registered = await registerSubjects(registry, found.subjects, plan)
  const control = controlTopic(settings.topicPrefix)
  const entries = await writeEntries(preparation, control, registered.subjects, log)
  return {
    kind: 'done',
    changes: [...created, ...registered.changes, ...entries.changes],
    topics,
    differences: plan.topics.differences,
    subjects: registered.subjects,
    states: entries.states,
  }
}

async function orObstacle<Value>(work: () => Promise<Value>) {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Stop) return error.obstacle
    throw error
  }
}

/**
 * Checks all schemas, makes the topics, sets compatibility levels, registers, and writes the
 * catalogue, in that order. Safe to run twice and to interrupt: it changes only what is missing.
 */
export async function register(settings: RegistrarSettings, log: Logger): Promise<Registration> {
  return await orObstacle(() => registerAll(settings, log))
}

/** What `register` would change now, from the same look at the world; changes nothing. */
export async function planRegistration(
  settings: RegistrarSettings,
  log: Logger,
): Promise<Planning> {
  return await orObstacle(async () => {
    const { plan } = await prepared(settings, log)
    return { kind: 'planned' as const, plan }
  })
}
