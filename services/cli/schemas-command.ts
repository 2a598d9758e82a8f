import { createLogger } from '#platform/log.ts'
import type { Registration } from '#registrar/register.ts'
import { register } from '#registrar/register.ts'
import { registrationLines } from '#registrar/report.ts'
import { readSchemaFolders } from '#registrar/schema-files.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import { failure } from './fault.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface SchemasOptions {
  readonly folder?: string
}

const DEFAULT_FOLDER = 'schemas'

/** Checks every schema file and names each fault with its place. */
export async function lintSchemas(terminal: Terminal, { folder }: SchemasOptions): Promise<void> {
  const root = folder ?? terminal.environment.SCHEMAS_FOLDER ?? DEFAULT_FOLDER
  const reading = await readSchemaFolders(root)
  if (reading === null) throw failure(`there is no folder ${root}`)
  const { folders, faults } = reading
  for (const line of registrationLines({ kind: 'bad_schemas', faults })) terminal.line(line)
  if (faults.length > 0)
    throw failure(`${faults.length} findings; nothing of this may be registered`)
  if (folders.length === 0) throw failure(`no version is in the folder ${root}`)
  const versions = folders.map(({ version }) => version).join(', ')
  terminal.line(`${folders.length} versions without findings: ${versions}`)
}

function stopSentence(registration: Exclude<Registration, { kind: 'done' }>): string {
  switch (registration.kind) {
    case 'bad_schemas':
      return `${registration.faults.length} findings in the schemas; nothing was changed`
    case 'partitions_differ': {
      const topics = registration.conflicts.map(({ topic }) => topic).join(', ')
      return `the number of partitions differs: ${topics}; nothing was changed`
    }
    case 'failed':
      return `stopped at ${registration.step}: ${registration.reason}`
  }
}

/** Topics, compatibility, schemas, catalogue; says what it changed, or that nothing changed. */
export async function registerSchemas(
  terminal: Terminal,
  { folder }: SchemasOptions,
): Promise<void> {
  const found = await stackEnvironment(terminal.environment, [
    'KAFKA_BROKERS',
    'SCHEMA_REGISTRY_URL',
  ])
  const environment = folder === undefined ? found : { ...found, SCHEMAS_FOLDER: folder }
  const settings = cliSettings(REGISTRAR_SETTINGS, environment)
  const log = createLogger({ service: 'cli', level: 'silent' })
  const registration = await register(settings, log)
  if (registration.kind === 'failed') throw failure(stopSentence(registration))
  for (const line of registrationLines(registration)) terminal.line(line)
  if (registration.kind !== 'done') throw failure(stopSentence(registration))
}
