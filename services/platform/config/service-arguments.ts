import { parseArgs } from 'node:util'
import type { Environment } from './environment.ts'
import type { SettingDefinitions } from './settings.ts'

/** What a service's command line comes to. */
export type ServiceArguments =
  | { readonly kind: 'run'; readonly environment: Environment }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problem: string }

const OPTIONS = { 'log-level': { type: 'string' }, help: { type: 'boolean' } } as const

/**
 * Reads the arguments of a service (without Node and the file): `--log-level`, which stands over
 * LOG_LEVEL, and `--help`.
 */
export function serviceArguments(
  args: readonly string[],
  environment: Environment,
): ServiceArguments {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true })
    if (values.help === true) return { kind: 'help' }
    const level = values['log-level']
    return level === undefined
      ? { kind: 'run', environment }
      : { kind: 'run', environment: { ...environment, LOG_LEVEL: level } }
  } catch {
    // Node's message repeats the argument, which may be anything.
    const problem = 'unknown argument: only --log-level <level> and --help are taken'
    return { kind: 'wrong', problem }
  }
}

/** What `--help` prints: the arguments, and every variable with its default. */
export function serviceHelp(service: string, definitions: SettingDefinitions): string {
  const settings = Object.values(definitions).map(({ variable, fallback, optional, about }) => {
    const usual = optional ? 'none' : fallback === undefined ? 'required' : String(fallback)
    return `  ${variable} (${usual})\n      ${about}`
  })
  return [
    `${service}: reads its settings from the environment.`,
    '',
    '  --log-level <level>  fatal, error, warn, info, debug or trace; over LOG_LEVEL',
    '  --help               this text',
    '',
    'Variables, with their defaults:',
    ...settings,
    '',
  ].join('\n')
}
