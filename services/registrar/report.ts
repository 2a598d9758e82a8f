import Table from 'cli-table3'
import { findingLine } from './check-finding.ts'
import type { Obstacle, Planning, Registration } from './registration.ts'
import { unroutedVersions } from './registration.ts'
import type { Change, RegistrationPlan } from './registration-plan.ts'

type Done = Extract<Registration, { kind: 'done' }>

function changeLine(change: Change): string {
  switch (change.kind) {
    case 'topic_created':
      return `created topic ${change.topic}`
    case 'compatibility_set':
      return `set compatibility of ${change.subject} (was ${change.was ?? 'unset'})`
    case 'schema_registered':
      return `registered ${change.subject} with id ${change.schemaId}`
    case 'entry_written':
      return `wrote catalogue entry ${change.version} (${change.state})`
  }
}

function schemaTable({ subjects, states }: Done): string {
  const table = new Table({
    head: ['version', 'state', 'domain', 'schema id', 'subject'],
    style: { head: [], border: [], compact: true },
  })
  for (const { version, domain, schemaId, subject } of subjects) {
    table.push([version, states.get(version) ?? 'unknown', domain, schemaId, subject])
  }
  return table.toString()
}

function topicTable({ topics }: Done): string {
  const table = new Table({
    head: ['topic', 'partitions', 'replication', 'cleanup'],
    style: { head: [], border: [], compact: true },
  })
  for (const { name, partitions, replicationFactor, settings } of topics) {
    table.push([name, partitions, replicationFactor, settings['cleanup.policy'] ?? ''])
  }
  return table.toString()
}

function noteLines(differences: Done['differences']): string[] {
  return differences.map(
    ({ topic, setting, declared, found }) =>
      `note: ${topic} has ${setting}=${found}, declared is ${declared}; left as it is`,
  )
}

/** The next step for what is registered and not routed yet; events of it are still set aside. */
function activationLines({ states }: Done): readonly string[] {
  return unroutedVersions(states).map(
    ([version, state]) =>
      `note: ${version} is ${state}: readers know its schemas, the ingress does not route it yet; ` +
      `\`versions release ${version}\` releases what waits and makes it active`,
  )
}

function doneLines(done: Done): string[] {
  const { changes, differences } = done
  const summary =
    changes.length === 0
      ? 'Nothing changed: topics, schemas and catalogue are as declared.'
      : `${changes.length} changes made.`
  return [
    ...changes.map(changeLine),
    topicTable(done),
    schemaTable(done),
    ...noteLines(differences),
    ...activationLines(done),
    summary,
  ]
}

function obstacleLines(obstacle: Obstacle): readonly string[] {
  switch (obstacle.kind) {
    case 'bad_schemas':
      return obstacle.faults.map(findingLine)
    case 'partitions_differ':
      return obstacle.conflicts.map(
        ({ topic, declared, found }) =>
          `topic ${topic} has ${found} partitions, declared are ${declared}: the places of keys ` +
          'would differ; nothing was changed',
      )
    case 'failed':
      return [`${obstacle.step}: ${obstacle.reason}`]
  }
}

/** A registration in words, for people. */
export function registrationLines(registration: Registration): readonly string[] {
  return registration.kind === 'done' ? doneLines(registration) : obstacleLines(registration)
}

function plannedChanges({ topics, levels, schemas, entries }: RegistrationPlan): string[] {
  return [
    ...topics.missing.map(({ name, partitions }) => `create topic ${name} (${partitions})`),
    ...levels.map(
      ({ subject, level }) => `set compatibility of ${subject} (is ${level ?? 'unset'})`,
    ),
    ...schemas.map(({ subject }) => `register ${subject}`),
    ...entries.map(({ version, state }) => `write catalogue entry ${version} (${state})`),
  ]
}

/** What a registration would change, for people. */
export function planLines(planning: Planning): readonly string[] {
  if (planning.kind !== 'planned') return obstacleLines(planning)
  const changes = plannedChanges(planning.plan)
  const summary =
    changes.length === 0
      ? 'Nothing would change: topics, schemas and catalogue are as declared.'
      : `${changes.length} changes would be made; nothing was changed.`
  return [
    ...changes.map((change) => `would ${change}`),
    ...noteLines(planning.plan.topics.differences),
    summary,
  ]
}
