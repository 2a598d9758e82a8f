import { join } from 'node:path'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import type { Endpoint } from '#ingress/endpoints.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import type { Environment } from '#platform/config/environment.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { listenManagement, managementApp } from '#platform/http/management.ts'
import { createMetrics } from '#platform/metrics.ts'
import type { Children } from './children.ts'
import { demoEndpoints } from './demo-endpoints.ts'
import { startParts } from './embedded-parts.ts'
import type { PartHost } from './parts/host.ts'
import { registerSchemas } from './registration.ts'
import type { RunFile } from './run-file.ts'
import { writeRunFile } from './run-file.ts'
import { servicePlans, startService } from './service-children.ts'
import type { PartAddresses, ServiceSurroundings } from './service-environment.ts'
import type { LocalSettings } from './settings.ts'
import type { StackFolder } from './stack-folder.ts'
import type { StackPorts } from './stack-ports.ts'
import { SERVICE_NAMES, stackPorts } from './stack-ports.ts'
import { StackReadiness } from './stack-readiness.ts'

export interface StackOptions {
  readonly settings: LocalSettings
  /** Goes on to the services, as far as the stack does not decide for them. */
  readonly environment: Environment
  readonly folder: StackFolder
  readonly host: PartHost
  readonly children: Children
}

/** A stack that is ready. */
export interface RunningStack {
  readonly run: RunFile
  readonly endpoints: readonly Endpoint[]
  /** Where each service answers `/metrics`: name and port. */
  readonly metrics: readonly (readonly [string, number])[]
  /** Versions that are registered and not active. */
  readonly waitingVersions: readonly string[]
}

const LOOPBACK = '127.0.0.1'
const NOWHERE: PartAddresses = {
  brokers: 'localhost:1',
  foreignBrokers: false,
  foreignRegistry: false,
  registryUrl: 'http://localhost:1',
  databaseUrl: 'postgres://localhost:1',
}

/** The services' own settings, checked before anything is started. */
function checkServiceSettings(surroundings: ServiceSurroundings): void {
  const { environment } = surroundings
  const [ingress, consumer] = servicePlans(NOWHERE, surroundings, 1, [])
  loadSettings(INGRESS_SETTINGS, { ...environment, ...ingress?.env })
  loadSettings(CONSUMER_SETTINGS, { ...environment, ...consumer?.env })
}

async function openManagement(readiness: StackReadiness, port: number): Promise<string> {
  const metrics = createMetrics('local-stack')
  const app = managementApp({ metrics, checks: [readiness.check()] })
  return await listenManagement(app, LOOPBACK, port)
}

async function startServices(
  { folder, host, children }: StackOptions,
  surroundings: ServiceSurroundings,
  addresses: PartAddresses,
  ports: StackPorts,
  readiness: StackReadiness,
): Promise<void> {
  const plans = servicePlans(addresses, surroundings, ports.ingress, ports.services)
  await Promise.all(plans.map((plan) => startService(plan, folder.logs, host, children)))
  await readiness.follow(plans)
}

/**
 * Starts everything, parts first, and writes `run.json` when all of it is ready.
 *
 * @throws PartFault or SettingsFault of what did not come up; children may be running then, and
 *   some may still be on their way.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const { settings, environment, folder, host, children } = options
  const { endpointsFile } = folder
  const compileCache = join(host.cacheDir, 'event-router', 'compiled')
  const surroundings = { environment, endpointsFile, compileCache }
  checkServiceSettings(surroundings)
  const ports = await stackPorts(settings)
  const endpoints = await demoEndpoints(endpointsFile)
  const readiness = new StackReadiness(host.ended)
  const management = await openManagement(readiness, ports.management)
  const addresses = await startParts({ ...options, ports })
  const { line, waiting } = await registerSchemas(addresses, environment)
  host.report(line)
  await startServices(options, surroundings, addresses, ports, readiness)
  host.ended?.throwIfAborted()
  const run: RunFile = {
    ingress: `http://${LOOPBACK}:${ports.ingress}`,
    management,
    kafka: addresses.brokers,
    registry: addresses.registryUrl,
    database: addresses.databaseUrl,
    endpointsFile,
    processes: { launcher: process.pid, ...children.pids() },
  }
  await writeRunFile(folder.runFile, run)
  const metrics = SERVICE_NAMES.map((name, i) => [name, ports.services[i] ?? 0] as const)
  return { run, endpoints, metrics, waitingVersions: waiting }
}
