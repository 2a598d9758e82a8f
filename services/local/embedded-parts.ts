import { join, resolve } from 'node:path'
import type { Environment } from '#platform/config/environment.ts'
import type { Children } from './children.ts'
import { requireDatabase, requireKafka, requireRegistry } from './foreign-parts.ts'
import type { PartHost } from './parts/host.ts'
import { startKafka } from './parts/kafka.ts'
import { startPostgres } from './parts/postgres.ts'
import { startRegistry } from './parts/registry.ts'
import type { PartAddresses } from './service-environment.ts'
import type { LocalSettings } from './settings.ts'
import type { StackFolder } from './stack-folder.ts'
import type { StackPorts } from './stack-ports.ts'

export interface PartsOptions {
  readonly settings: LocalSettings
  readonly environment: Environment
  readonly folder: StackFolder
  readonly ports: StackPorts
  readonly host: PartHost
  readonly children: Children
}

// Parts run in folders of their own, so theirs must be absolute; logs are ours.
function place({ folder }: PartsOptions, name: 'kafka' | 'registry' | 'postgres') {
  return { dataDir: resolve(folder[name]), logFile: join(folder.logs, `${name}.log`) }
}

async function kafka(options: PartsOptions): Promise<string> {
  const { settings, environment, ports, host, children } = options
  if (settings.kafkaBrokers !== null) {
    await requireKafka(String(settings.kafkaBrokers), environment)
    host.report(`Kafka is yours, at ${settings.kafkaBrokers}`)
    return String(settings.kafkaBrokers)
  }
  const { kafka: port, kafkaController: controllerPort } = ports
  const child = await children.starting(
    startKafka({ ...place(options, 'kafka'), port, controllerPort }, host),
  )
  host.report(`Kafka is ready on ${child.brokers}`)
  return child.brokers
}

async function registry(options: PartsOptions): Promise<string> {
  const { settings, environment, ports, host, children } = options
  if (settings.schemaRegistryUrl !== null) {
    const shown = await requireRegistry(String(settings.schemaRegistryUrl), environment)
    host.report(`the registry is yours, at ${shown}`)
    return String(settings.schemaRegistryUrl)
  }
  const child = await children.starting(
    startRegistry({ ...place(options, 'registry'), port: ports.registry }, host),
  )
  host.report(`the registry is ready on ${child.url}`)
  return child.url
}

async function postgres(options: PartsOptions): Promise<string> {
  const { settings, ports, host, children } = options
  if (settings.databaseUrl !== null) {
    const shown = await requireDatabase(String(settings.databaseUrl))
    host.report(`Postgres is yours, at ${shown}`)
    return String(settings.databaseUrl)
  }
  const child = await children.starting(
    startPostgres({ ...place(options, 'postgres'), port: ports.postgres }, host),
  )
  host.report(`Postgres is ready on 127.0.0.1:${ports.postgres}`)
  return child.url
}

/**
 * Starts the parts side by side, or finds those that the user has.
 * @throws PartFault of the first that does not come up; the others may still be on their way then
 */
export async function startParts(options: PartsOptions): Promise<PartAddresses> {
  const [brokers, registryUrl, databaseUrl] = await Promise.all([
    kafka(options),
    registry(options),
    postgres(options),
  ])
  const foreignBrokers = options.settings.kafkaBrokers !== null
  const foreignRegistry = options.settings.schemaRegistryUrl !== null
  return { brokers, foreignBrokers, registryUrl, foreignRegistry, databaseUrl }
}
