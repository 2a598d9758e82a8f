import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { CatalogueEntry } from '#core/catalogue.ts'
import { catalogueKey } from '#core/catalogue.ts'
import { DOMAINS } from '#core/routing.ts'
import type { VersionState } from '#core/versions.ts'
import { keptState } from '#core/versions.ts'
import { loadSettings } from '#platform/config/settings.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import { writeCatalogue } from '#registrar/catalogue-writer.ts'
import { register } from '#registrar/register.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'

const WITHIN_MS = 20_000
const log = createLogger({ service: 'test', level: 'silent' })

/** Registers what lies in the folder; whether there is a version that nothing routes yet. */
export async function registerSchemas(
  brokers: string,
  prefix: string,
  folder: string,
): Promise<boolean> {
  const settings = loadSettings(REGISTRAR_SETTINGS, {
    KAFKA_BROKERS: brokers,
    TOPIC_PREFIX: prefix,
    SCHEMA_REGISTRY_URL: inject('registryUrl'),
    SCHEMAS_FOLDER: folder,
  })
  const registration = await register(settings, log)
  if (registration.kind !== 'done') throw new Error(JSON.stringify(registration))
  return [...registration.states.values()].includes('unknown')
}

/** Nobody takes an earlier state from the topic, unless the version begins anew. */
async function removeEntries(
  connection: KafkaConnection,
  topic: string,
  entries: readonly CatalogueEntry[],
): Promise<void> {
  const producer = kafkaClient(connection, log, 2).producer()
  await producer.connect()
  const messages = entries.map(({ version }) => ({ key: catalogueKey(version), value: null }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

/** Gives every version in a state another one, whatever waits for it. */
export async function setVersionStates(
  brokers: string,
  topic: string,
  from: VersionState,
  to: VersionState,
): Promise<void> {
  const connection = { brokers: brokers.split(','), clientId: 'test', ssl: false, sasl: null }
  const reading = await readCatalogue(connection, topic, log, WITHIN_MS)
  const entries = [...(reading?.values() ?? [])].filter(({ state }) => state === from)
  if (entries.length === 0) return
  if (keptState(from, to) !== to) await removeEntries(connection, topic, entries)
  const changed = entries.map((entry) => ({ ...entry, state: to }))
  const problem = await writeCatalogue({ connection, topic, log, withinMs: WITHIN_MS }, changed)
  if (problem !== null) throw new Error(problem)
}

/** Copies a version of the repository's schemas under another date into a folder; returns it. */
export async function copiedVersion(root: string, version: string, date: string): Promise<string> {
  await mkdir(join(root, date), { recursive: true })
  for (const domain of DOMAINS) {
    const text = await readFile(join('schemas', version, `${domain}.avsc`), 'utf8')
    const renamed = text.replaceAll(version.replaceAll('-', '_'), date.replaceAll('-', '_'))
    await writeFile(join(root, date, `${domain}.avsc`), renamed)
  }
  return root
}
