import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Environment } from '#platform/config/environment.ts'
import type { SettingDefinitions, Settings } from '#platform/config/settings.ts'
import { loadSettings, SettingsFault } from '#platform/config/settings.ts'
import { failure, usageFault } from './fault.ts'

/** Which field of `run.json` stands in for which variable. */
const FIELDS = {
  KAFKA_BROKERS: 'kafka',
  SCHEMA_REGISTRY_URL: 'registry',
  INGRESS_URL: 'ingress',
  ENDPOINTS_FILE: 'endpointsFile',
  DATABASE_URL: 'database',
} as const

type Variable = keyof typeof FIELDS

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

async function runFile(environment: Environment): Promise<Readonly<Record<string, unknown>>> {
  const file = join(environment.LOCAL_DIR ?? '.local', 'run.json')
  const text = await readFile(file, 'utf8').catch(() => '{}')
  return objectOf(text)
}

/** Whether the run file is of the stack that the environment speaks of, as far as it does. */
function agrees(environment: Environment, running: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(FIELDS).every(([variable, field]) => {
    const given = environment[variable]
    return !given || given === running[field]
  })
}

/**
 * The environment, completed by what the running local stack has written down; nothing is demanded.
 * An environment that names another part than that stack's is of another installation, and is left
 * as it is.
 */
export async function completedEnvironment(
  environment: Environment,
): Promise<{ readonly environment: Environment; readonly isLocal: boolean }> {
  const running = await runFile(environment)
  const found = Object.entries(FIELDS).flatMap(([variable, field]) => {
    const value = running[field]
    return typeof value === 'string' && value !== '' ? [[variable, value] as const] : []
  })
  const isLocal = found.length > 0 && agrees(environment, running)
  return {
    environment: isLocal ? { ...environment, ...Object.fromEntries(found) } : environment,
    isLocal,
  }
}

/**
 * The environment, completed by what the running local stack has written down.
 *
 * @throws CliFault when a variable that the command needs is in neither.
 */
export async function stackEnvironment(
  environment: Environment,
  needed: readonly Variable[],
): Promise<Environment> {
  const missing = needed.filter((variable) => !environment[variable])
  if (missing.length === 0) return environment
  const running = await runFile(environment)
  const found = missing.flatMap((variable) => {
    const value = running[FIELDS[variable]]
    return typeof value === 'string' && value !== '' ? [[variable, value] as const] : []
  })
  const names = found.map(([variable]) => variable)
  const [first] = missing.filter((variable) => !names.includes(variable))
  if (first !== undefined) {
    throw failure(`the local stack is not running; start it with \`npm start\` or set ${first}`)
  }
  return { ...environment, ...Object.fromEntries(found) }
}

/**
 * Settings with their faults in one line.
 *
 * @throws CliFault
 */
export function cliSettings<Definitions extends SettingDefinitions>(
  definitions: Definitions,
  environment: Environment,
): Settings<Definitions> {
  try {
    return loadSettings(definitions, environment)
  } catch (error) {
    if (error instanceof SettingsFault) throw usageFault(error.problems.join('; '))
    throw error
  }
}
