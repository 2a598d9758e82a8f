import { processEnvironment } from '#platform/config/environment.ts'
import { SettingsFault } from '#platform/config/settings.ts'
import { launch } from './launcher.ts'
import { PartFault } from './parts/part-fault.ts'
import { launchOptions, UsageFault } from './program.ts'
import { onStopSignals } from './stop-signals.ts'

// Whoever read the output has gone, e.g. `| head`; the stack goes on.
process.stdout.on('error', () => {})

async function main(): Promise<number> {
  const options = launchOptions(process.argv.slice(2))
  if (options === null) return 0
  return await launch(options, {
    environment: processEnvironment(),
    line: (text) => void process.stdout.write(`${text}\n`),
    stop: onStopSignals(),
  })
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageFault || error instanceof PartFault) {
    process.stderr.write(`${error.message}\n`)
    return error instanceof UsageFault ? 2 : 1
  }
  if (error instanceof SettingsFault) {
    process.stderr.write(`Settings that cannot be used: ${error.problems.join('; ')}\n`)
    return 1
  }
  throw error
}

process.exit(await main().catch(exitCodeOf))
