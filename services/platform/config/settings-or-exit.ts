import { createLogger } from '../log.ts'
import type { Environment } from './environment.ts'
import type { SettingDefinitions, Settings } from './settings.ts'
import { loadSettings, SettingsFault } from './settings.ts'

/** EX_CONFIG of sysexits.h: starting again will not help. */
const UNUSABLE = 78

/** The settings of a service, or the end of its process with every fault in one line. */
export function settingsOrExit<Definitions extends SettingDefinitions>(
  service: string,
  definitions: Definitions,
  environment: Environment,
): Settings<Definitions> {
  try {
    return loadSettings(definitions, environment)
  } catch (error) {
    if (!(error instanceof SettingsFault)) throw error
    const log = createLogger({ service, level: 'info' })
    log.fatal({ event: 'settings.unusable', problems: error.problems })
    process.exit(UNUSABLE)
  }
}
