import { lastWords } from '../log.ts'
import type { Environment } from './environment.ts'
import { serviceArguments, serviceHelp } from './service-arguments.ts'
import type { SettingDefinitions, Settings } from './settings.ts'
import { loadSettings, SettingsFault } from './settings.ts'

/** EX_CONFIG of sysexits.h: starting again will not help. */
const UNUSABLE = 78

function unusable(service: string, problems: readonly string[]): never {
  lastWords(service).fatal({ event: 'settings.unusable', problems })
  process.exit(UNUSABLE)
}

/**
 * The settings of a service, or the end of its process: with every fault in one line, or with the
 * help that was asked for.
 *
 * @param args without Node and the file
 * @param problems what is wrong with the settings taken together, each with its variable
 */
export function settingsOrExit<Definitions extends SettingDefinitions>(
  service: string,
  definitions: Definitions,
  environment: Environment,
  args: readonly string[],
  problems: (settings: Settings<Definitions>) => readonly string[] = () => [],
): Settings<Definitions> {
  const given = serviceArguments(args, environment)
  if (given.kind === 'wrong') return unusable(service, [given.problem])
  if (given.kind === 'help') {
    process.stdout.write(serviceHelp(service, definitions))
    process.exit(0)
  }
  try {
    const settings = loadSettings(definitions, given.environment)
    const found = problems(settings)
    if (found.length > 0) throw new SettingsFault(found)
    return settings
  } catch (error) {
    if (!(error instanceof SettingsFault)) throw error
    return unusable(service, error.problems)
  }
}
