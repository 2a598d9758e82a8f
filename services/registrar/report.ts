import Table from 'cli-table3'
import type { Registration } from './register.ts'
import type { Change } from './registration-plan.ts'

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
    ...differences.map(
      ({ topic, setting, declared, found }) =>
        `note: ${topic} has ${setting}=${found}, declared is ${declared}; left as it is`,
    ),
    summary,
  ]
}

/** A registration in words, for people. */
export function registrationLines(registration: Registration): readonly string[] {
  switch (registration.kind) {
    case 'done':
      return doneLines(registration)
    case 'bad_schemas':
      return registration.faults.map(({ file, path, message }) =>
        path === '' ? `${file}: ${message}` : `${file}: ${path}: ${message}`,
      )
    case 'partitions_differ':
      return registration.conflicts.map(
        ({ topic, declared, found }) =>
          `topic ${topic} has ${found} partitions, declared are ${declared}: the places of keys ` +
          'would differ; nothing was changed',
      )
    case 'failed':
      return [`${registration.step}: ${registration.reason}`]
  }
}
