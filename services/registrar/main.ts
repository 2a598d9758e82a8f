import { processEnvironment } from '#platform/config/environment.ts'
import { loadSettings, SettingsFault } from '#platform/config/settings.ts'
import { createLogger } from '#platform/log.ts'
import { register } from './register.ts'
import { registrationLines } from './report.ts'
import { REGISTRAR_SETTINGS } from './settings.ts'

async function main(): Promise<number> {
  const settings = loadSettings(REGISTRAR_SETTINGS, processEnvironment())
  const log = createLogger({ service: 'registrar', level: settings.logLevel })
  const registration = await register(settings, log)
  process.stdout.write(`${registrationLines(registration).join('\n')}\n`)
  return registration.kind === 'done' ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof SettingsFault)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
