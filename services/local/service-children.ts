import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HANDLED_DOMAINS } from '#core/routing.ts'
import type { Children } from './children.ts'
import type { PartHost } from './parts/host.ts'
import type { Child } from './parts/process.ts'
import { startChild } from './parts/process.ts'
import { waitUntilReady } from './parts/readiness.ts'
import type { PartAddresses, ServiceSurroundings } from './service-environment.ts'
import { consumerEnvironment, ingressEnvironment } from './service-environment.ts'

/** A service that is to be run as a child process of its own. */
export interface ServicePlan {
  readonly name: string
  /** Flags for Node, and the file. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly managementPort: number
  readonly stopGraceMs: number
}

const COMPILE_CACHE = new URL('./compile-cache.ts', import.meta.url).href
const SERVICES_FOLDER = fileURLToPath(new URL('../', import.meta.url))
const FLAGS = ['--import', COMPILE_CACHE]
/** Beyond their own deadlines: 4 s and what follows the drain, 5 s. */
const INGRESS_GRACE_MS = 7000
const CONSUMER_GRACE_MS = 6000
const READY_WITHIN_MS = 60_000

/** The ingress and the five consumers. */
export function servicePlans(
  addresses: PartAddresses,
  surroundings: ServiceSurroundings,
  ingressPort: number,
  managementPorts: readonly number[],
): readonly ServicePlan[] {
  const [management = 0, ...others] = managementPorts
  const ports = { ingress: ingressPort, management }
  const ingress = {
    name: 'ingress',
    args: [...FLAGS, join(SERVICES_FOLDER, 'ingress', 'main.ts')],
    env: ingressEnvironment(addresses, surroundings, ports),
    managementPort: management,
    stopGraceMs: INGRESS_GRACE_MS,
  }
  const consumers = HANDLED_DOMAINS.map((domain, i) => {
    const managementPort = others[i] ?? 0
    return {
      name: `consumer-${domain}`,
      args: [...FLAGS, join(SERVICES_FOLDER, 'consumers', domain, 'main.ts')],
      env: consumerEnvironment(addresses, surroundings, managementPort),
      managementPort,
      stopGraceMs: CONSUMER_GRACE_MS,
    }
  })
  return [ingress, ...consumers]
}

/** Whether a service says that it is ready, with its problems in words when it is not. */
export async function readyProblem({ managementPort }: ServicePlan): Promise<string | null> {
  try {
    const signal = AbortSignal.timeout(2000)
    const answer = await fetch(`http://127.0.0.1:${managementPort}/readyz`, { signal })
    const { problems } = (await answer.json()) as { problems?: Record<string, string> }
    if (answer.ok) return null
    return Object.entries(problems ?? {})
      .map(([name, problem]) => `${name} ${problem}`)
      .join(', ')
  } catch {
    return 'does not answer'
  }
}

async function readyChild(plan: ServicePlan, logs: string, host: PartHost): Promise<Child> {
  const { name, args, env, stopGraceMs } = plan
  const logFile = join(logs, `${name}.log`)
  const command = process.execPath
  const child = await startChild({ name, command, args, env, logFile, stopGraceMs }, host)
  await waitUntilReady(child, async () => (await readyProblem(plan)) === null, READY_WITHIN_MS)
  return child
}

/**
 * Starts a service and waits until it is ready.
 * @throws PartFault with the end of its log when it ends or takes too long
 */
export async function startService(
  plan: ServicePlan,
  logs: string,
  host: PartHost,
  children: Children,
): Promise<void> {
  await children.starting(readyChild(plan, logs, host))
  host.report(`${plan.name} is ready`)
}
