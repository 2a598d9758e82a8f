import { createLogger } from '#platform/log.ts'
import { planRegistration, register } from '#registrar/register.ts'
import type { Obstacle } from '#registrar/registration.ts'
import { planLines, registrationLines } from '#registrar/report.ts'
import type { RegistrarSettings } from '#registrar/settings.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import { failure } from './fault.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface SchemasOptions {
  readonly folder?: string
}

const log = createLogger({ service: 'cli', level: 'silent' })

/** Settings of a registration, from the environment and the running stack. */
export async function registrarSettings(
  { environment }: Terminal,
  { folder }: SchemasOptions,
): Promise<RegistrarSettings> {
  const found = await stackEnvironment(environment, ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'])
  const all = folder === undefined ? found : { ...found, SCHEMAS_FOLDER: folder }
  return cliSettings(REGISTRAR_SETTINGS, all)
}

/** What stood in the way, in one sentence. */
export function stopSentence(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case 'bad_schemas':
      return `${obstacle.faults.length} findings in the schemas; nothing was changed`
    case 'partitions_differ': {
      const topics = obstacle.conflicts.map(({ topic }) => topic).join(', ')
      return `the number of partitions differs: ${topics}; nothing was changed`
    }
    case 'failed':
      return `stopped at ${obstacle.step}: ${obstacle.reason}`
  }
}

/** Topics, compatibility, schemas, catalogue; says what it changed, or that nothing changed. */
export async function registerSchemas(terminal: Terminal, options: SchemasOptions): Promise<void> {
  const registration = await register(await registrarSettings(terminal, options), log)
  if (registration.kind === 'failed') throw failure(stopSentence(registration))
  for (const line of registrationLines(registration)) terminal.line(line)
  if (registration.kind !== 'done') throw failure(stopSentence(registration))
}

/** What `register` would change; changes nothing. */
export async function planSchemas(terminal: Terminal, options: SchemasOptions): Promise<void> {
  const planning = await planRegistration(await registrarSettings(terminal, options), log)
  if (planning.kind === 'failed') throw failure(stopSentence(planning))
  for (const line of planLines(planning)) terminal.line(line)
  if (planning.kind !== 'planned') throw failure(stopSentence(planning))
}
