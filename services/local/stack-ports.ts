import { HANDLED_DOMAINS } from '#core/routing.ts'
import { PartFault } from './parts/part-fault.ts'
import { freePorts, requireFreePort } from './parts/ports.ts'
import type { LocalSettings } from './settings.ts'

/** Where the stack listens on 127.0.0.1. */
export interface StackPorts {
  readonly ingress: number
  readonly management: number
  readonly kafka: number
  readonly kafkaController: number
  readonly registry: number
  readonly postgres: number
  /** `/livez`, `/readyz` and `/metrics` of each service, in the order of `SERVICE_NAMES`. */
  readonly services: readonly number[]
}

/** The processes of ours that a stack consists of. */
export const SERVICE_NAMES: readonly string[] = [
  'ingress',
  ...HANDLED_DOMAINS.map((domain) => `consumer-${domain}`),
]

/** One port that the stack will open, and the words for a message about it. */
interface Opening {
  readonly port: number
  readonly part: string
  readonly variable: string
}

/** What the stack opens itself; a replaced part opens nothing. */
export function openings(ports: StackPorts, settings: LocalSettings): readonly Opening[] {
  const { kafkaBrokers, schemaRegistryUrl, databaseUrl } = settings
  const of = (port: number, part: string, variable: string) => ({ port, part, variable })
  return [
    of(ports.ingress, 'the ingress', 'INGRESS_PORT'),
    of(ports.management, 'the management of the stack', 'MANAGEMENT_PORT'),
    ...ports.services.map((port, i) =>
      of(port, `the management of ${SERVICE_NAMES[i]}`, 'SERVICES_MANAGEMENT_PORT'),
    ),
    ...(kafkaBrokers === null
      ? [
          of(ports.kafka, 'Kafka', 'KAFKA_PORT'),
          of(ports.kafkaController, "Kafka's controller", 'KAFKA_CONTROLLER_PORT'),
        ]
      : []),
    ...(schemaRegistryUrl === null ? [of(ports.registry, 'the registry', 'REGISTRY_PORT')] : []),
    ...(databaseUrl === null ? [of(ports.postgres, 'Postgres', 'POSTGRES_PORT')] : []),
  ]
}

/** Two settings that name one port, in words; null when there are none. */
export function portConflict(opened: readonly Opening[]): string | null {
  const variables = new Map<number, string>()
  for (const { port, variable } of opened) {
    const other = variables.get(port)
    if (other !== undefined) {
      return `${other} and ${variable} are both ${port}: give one of them another port.`
    }
    variables.set(port, variable)
  }
  return null
}

function fixedPorts(settings: LocalSettings): StackPorts {
  return {
    ingress: settings.ingressPort,
    management: settings.managementPort,
    kafka: settings.kafkaPort,
    kafkaController: settings.kafkaControllerPort,
    registry: settings.registryPort,
    postgres: settings.postgresPort,
    services: SERVICE_NAMES.map((_, i) => settings.servicesManagementPort + i),
  }
}

async function anyPorts(): Promise<StackPorts> {
  const found = await freePorts(6 + SERVICE_NAMES.length)
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, ...services] = found
  const parts = { kafka: c, kafkaController: d, registry: e, postgres: f }
  return { ingress: a, management: b, ...parts, services }
}

/**
 * The ports of this start, all of them free, before anything is begun.
 * @throws PartFault that names the busy port and its setting
 */
export async function stackPorts(settings: LocalSettings): Promise<StackPorts> {
  if (settings.ports === 'auto') return await anyPorts()
  const ports = fixedPorts(settings)
  const opened = openings(ports, settings)
  const conflict = portConflict(opened)
  if (conflict !== null) throw new PartFault(conflict)
  for (const { port, part, variable } of opened) await requireFreePort(port, part, variable)
  return ports
}
