import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { startPostgres } from '#local/parts/postgres.ts'
import type { Child } from '#local/parts/process.ts'
import { startRegistry } from '#local/parts/registry.ts'
import { testHost } from '../fixtures/part-host.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** `127.0.0.1:port` of the one broker. */
    kafkaBrokers: string
    /** Base of the Confluent API. */
    registryUrl: string
    /** `postgres://...` of an empty database. */
    databaseUrl: string
  }
}

/** One real Kafka, registry and Postgres for all integration tests, started side by side. */
export default async function stack(project: TestProject): Promise<() => Promise<void>> {
  const folder = await temporaryFolder('stack')
  const started: Child[] = []
  const stop = async () => {
    await Promise.all(started.map((part) => part.stop()))
    await folder.remove()
  }
  try {
    await startAll(folder.path, started, project)
    return stop
  } catch (error) {
    await stop()
    throw error
  }
}

async function startAll(folder: string, started: Child[], project: TestProject): Promise<void> {
  const host = testHost()
  const [port = 0, controllerPort = 0, registryPort = 0, postgresPort = 0] = await freePorts(4)
  const place = (name: string) => ({
    dataDir: join(folder, name),
    logFile: join(folder, 'logs', `${name}.log`),
  })
  const keep = <Part extends Child>(part: Part): Part => {
    started.push(part)
    return part
  }
  const outcomes = await Promise.allSettled([
    startKafka({ ...place('kafka'), port, controllerPort }, host).then(keep),
    startRegistry({ ...place('registry'), port: registryPort }, host).then(keep),
    startPostgres({ ...place('postgres'), port: postgresPort }, host).then(keep),
  ])
  const [kafka, registry, postgres] = outcomes
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  if (kafka.status === 'fulfilled') project.provide('kafkaBrokers', kafka.value.brokers)
  if (registry.status === 'fulfilled') project.provide('registryUrl', registry.value.url)
  if (postgres.status === 'fulfilled') project.provide('databaseUrl', postgres.value.url)
}
