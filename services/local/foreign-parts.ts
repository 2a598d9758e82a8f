import type { Environment } from '#platform/config/environment.ts'
import { KAFKA_SETTINGS, REGISTRY_SETTINGS } from '#platform/config/service-settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import { clusterSize } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { registryOptions } from '#platform/registry/registry-access.ts'
import { RegistryClient } from '#platform/registry/registry-client.ts'
import { PartFault } from './parts/part-fault.ts'

const log = createLogger({ service: 'local', level: 'silent' })
const STATEMENT_MS = 5000
/** Any name will do: whether it is known does not matter. */
const SUBJECT = 'event-router'

/** Host and port of an address, without what may be secret in it. */
function shownAddress(address: string): string {
  return URL.parse(address)?.host ?? 'an address that cannot be read'
}

function fault(what: string, address: string, variable: string, problem: string): PartFault {
  return new PartFault(
    `${what} at ${address} ${problem}: start it, correct ${variable}, or unset ${variable} for the embedded one.`,
  )
}

/** By an error's code or class alone: its message may repeat the password. */
function noAnswer(error: unknown): string {
  const { code, name, cause } = error as { code?: unknown; name?: unknown; cause?: unknown }
  if (typeof code === 'string') return `does not answer as it should (${code})`
  return cause instanceof Error ? noAnswer(cause) : `does not answer as it should (${name})`
}

/** @throws PartFault when the user's brokers do not answer */
export async function requireKafka(brokers: string, environment: Environment): Promise<void> {
  const settings = loadSettings(KAFKA_SETTINGS, { ...environment, KAFKA_BROKERS: brokers })
  try {
    await clusterSize(connectionOf(settings, 'event-router-local'), log)
  } catch (error) {
    throw fault('Kafka', brokers, 'KAFKA_BROKERS', noAnswer(error))
  }
}

/**
 * @returns the address as it may be shown
 * @throws PartFault when the user's registry does not answer
 */
export async function requireRegistry(url: string, environment: Environment): Promise<string> {
  const shown = shownAddress(url)
  const settings = loadSettings(REGISTRY_SETTINGS, { ...environment, SCHEMA_REGISTRY_URL: url })
  const answer = await new RegistryClient(registryOptions(settings)).compatibility(SUBJECT)
  if (answer.kind === 'ok') return shown
  const problem = answer.kind === 'refused' ? `refuses (HTTP ${answer.status})` : 'does not answer'
  throw fault('The registry', shown, 'SCHEMA_REGISTRY_URL', problem)
}

/**
 * @returns the address as it may be shown
 * @throws PartFault when the user's database does not answer
 */
export async function requireDatabase(url: string): Promise<string> {
  const shown = shownAddress(url)
  const options = { applicationName: 'event-router-local', poolSize: 1, log }
  const database = openDatabase({ url, ...options, statementTimeoutMs: STATEMENT_MS })
  try {
    await database.session((session) => session.query({ text: 'SELECT 1', values: [] }))
    return shown
  } catch (error) {
    throw fault('Postgres', shown, 'DATABASE_URL', noAnswer(error))
  } finally {
    await database.end()
  }
}
