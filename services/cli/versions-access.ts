import { setTimeout as delay } from 'node:timers/promises'
import type { AuditFields } from '#consumers/runtime/audit.ts'
import type { CatalogueEntry } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import { controlTopic } from '#core/routing.ts'
import type { VersionState } from '#core/versions.ts'
import { mayBecome } from '#core/versions.ts'
import type { Environment } from '#platform/config/environment.ts'
import { DATABASE_SETTINGS, KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type { ControlTail } from '#platform/kafka/control-tail.ts'
import { createLogger } from '#platform/log.ts'
import { withAdvisoryLock } from '#platform/postgres/advisory-lock.ts'
import { catalogueEnd, changeCatalogue } from '#registrar/catalogue-change.ts'
import { keepingSchemas } from '#registrar/catalogue-merge.ts'
import { withCatalogue } from './catalogue-access.ts'
import { withDatabase } from './database-access.ts'
import { failure } from './fault.ts'
import type { ActorOption } from './quarantine-audit.ts'
import { writeAudit } from './quarantine-audit.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

/** The catalogue of an installation and how to reach it. */
export interface VersionsAccess {
  readonly terminal: Terminal
  readonly environment: Environment
  readonly connection: KafkaConnection
  readonly topicPrefix: string
  /** `<prefix>.control` */
  readonly topic: string
}

/** The right to change versions, which one command has at a time. */
export interface VersionsRight {
  readonly isAlone: () => Promise<boolean>
  /** One line, before the first effect and after the last. */
  readonly audit: (outcome: AuditFields) => Promise<void>
}

const WRITTEN_WITHIN_MS = 20_000
const READ_WITHIN_MS = 10_000
const POLL_MS = 50
const silent = createLogger({ service: 'cli', level: 'silent' })

export async function versionsAccess(terminal: Terminal): Promise<VersionsAccess> {
  const environment = await stackEnvironment(terminal.environment, ['KAFKA_BROKERS'])
  const settings = cliSettings(KAFKA_SETTINGS, environment)
  const connection = connectionOf(settings, 'event-router-cli')
  const { topicPrefix } = settings
  return { terminal, environment, connection, topicPrefix, topic: controlTopic(topicPrefix) }
}

/** The audit and the lock are in the consumers' Postgres. */
async function databaseUrlOf({ environment }: VersionsAccess): Promise<string> {
  const found = await stackEnvironment(environment, ['DATABASE_URL']).catch(() => null)
  if (found === null) {
    throw failure(
      'DATABASE_URL is not set; the audit, and the lock that keeps others away, are in that Postgres',
    )
  }
  return cliSettings(DATABASE_SETTINGS, found).databaseUrl
}

/**
 * Work that changes versions, while nobody else does, with its lines in the audit.
 *
 * @throws CliFault when somebody else is at it, or Postgres is away
 */
export async function withVersionsRight<Result>(
  access: VersionsAccess,
  { actor }: ActorOption,
  action: string,
  given: AuditFields,
  work: (right: VersionsRight) => Promise<Result>,
): Promise<Result> {
  const { topic, topicPrefix } = access
  const url = await databaseUrlOf(access)
  return await withDatabase(url, async (database) => {
    const owner = actor === undefined ? {} : { actor }
    const audit = (outcome: AuditFields) =>
      writeAudit(database, owner, action, { topic, ...given }, outcome)
    const name = `event-router/versions/${topicPrefix}`
    const locked = await withAdvisoryLock(database, name, (isAlone) => work({ isAlone, audit }))
    if (locked !== null) return locked.result
    throw failure(`versions of ${topicPrefix} are being changed by somebody else; wait for the end`)
  })
}

/** The catalogue, and an offset of its topic before which it knows everything. */
export interface KnownCatalogue {
  readonly catalogue: ControlTail
  readonly end: bigint
}

/** Work that changes the catalogue. @throws CliFault when it cannot be read */
export async function withKnownCatalogue<Result>(
  { connection, topic }: VersionsAccess,
  work: (known: KnownCatalogue) => Promise<Result>,
): Promise<Result> {
  const end = await catalogueEnd({ connection, topic, log: silent }).catch(() => {
    throw failure(`Kafka at ${connection.brokers.join(', ')} or ${topic} cannot be reached`)
  })
  return await withCatalogue(connection, topic, (catalogue) => work({ catalogue, end }))
}

/** @throws CliFault when the catalogue has no such version */
export function entryOf(catalogue: ControlTail, version: string): CatalogueEntry {
  const entry = catalogue.entries().get(version as ApiVersion)
  if (entry !== undefined) return entry
  const known = [...catalogue.entries().keys()].sort().join(', ')
  throw failure(`the catalogue has no version ${version}; it has ${known === '' ? 'none' : known}`)
}

async function isRead(
  catalogue: ControlTail,
  version: string,
  state: VersionState,
): Promise<boolean> {
  const deadline = performance.now() + READ_WITHIN_MS
  while (entryOf(catalogue, version).state !== state) {
    if (performance.now() > deadline) return false
    await delay(POLL_MS)
  }
  return true
}

/** What a change of state came to: up to where the topic is known then, or why not, in words. */
type Became =
  | { readonly kind: 'became'; readonly end: bigint }
  | { readonly kind: 'not'; readonly why: string }

/**
 * Writes the entry of a version with another state, everything else as others wrote it last.
 *
 * @param end from where on whatever others wrote has to be looked at
 * @returns once it is durable and was read back
 */
export async function becomes(
  { connection, topic }: VersionsAccess,
  { catalogue, end }: KnownCatalogue,
  version: string,
  to: VersionState,
): Promise<Became> {
  const entry = entryOf(catalogue, version)
  if (!mayBecome(entry.state, to)) {
    return { kind: 'not', why: `${version} is ${entry.state}, so it cannot become ${to}` }
  }
  const writing = { connection, topic, log: silent, withinMs: WRITTEN_WITHIN_MS }
  const entries = [{ ...entry, state: to }]
  const change = await changeCatalogue(writing, { entries, end }, keepingSchemas(entry.state))
  if (change.kind === 'failed') return { kind: 'not', why: change.why }
  if (await isRead(catalogue, version, to)) return { kind: 'became', end: change.end }
  return { kind: 'not', why: `the entry was written, but ${topic} cannot be read` }
}
