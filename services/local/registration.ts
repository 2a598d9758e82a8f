import { fileURLToPath } from 'node:url'
import type { Environment } from '#platform/config/environment.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { createLogger } from '#platform/log.ts'
import { register } from '#registrar/register.ts'
import type { Registration } from '#registrar/registration.ts'
import { unroutedVersions } from '#registrar/registration.ts'
import { registrationLines } from '#registrar/report.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import { PartFault } from './parts/part-fault.ts'
import type { PartAddresses } from './service-environment.ts'
import { registrarEnvironment } from './service-environment.ts'

const SCHEMAS_FOLDER = fileURLToPath(new URL('../../schemas', import.meta.url))

/** What a registration changed, in one line; of what failed, every finding. */
export function registrationLine(registration: Registration): string {
  if (registration.kind !== 'done') {
    throw new PartFault(`The registration failed: ${registrationLines(registration).join('; ')}.`)
  }
  const { changes, states } = registration
  const versions = [...states].map(([version, state]) => `${version} ${state}`).join(', ')
  const what = changes.length === 0 ? 'nothing changed' : `${changes.length} changes`
  return `topics, schemas and catalogue are as declared (${what}): ${versions}`
}

export interface SchemaRegistration {
  /** What changed, in one line. */
  readonly line: string
  /** Versions that are registered and not active; whoever wants them routed has to say so. */
  readonly waiting: readonly string[]
}

/**
 * Makes topics, schemas and catalogue in this process.
 * @throws PartFault when it did not work out
 */
export async function registerSchemas(
  addresses: PartAddresses,
  environment: Environment,
): Promise<SchemaRegistration> {
  const settings = loadSettings(REGISTRAR_SETTINGS, {
    ...environment,
    ...registrarEnvironment(addresses, SCHEMAS_FOLDER),
  })
  const log = createLogger({ service: 'registrar', level: 'silent' })
  const registration = await register(settings, log)
  const line = registrationLine(registration)
  const waiting = registration.kind === 'done' ? unroutedVersions(registration.states) : []
  return { line, waiting: waiting.map(([version]) => version) }
}
