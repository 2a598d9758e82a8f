import { processEnvironment } from '#platform/config/environment.ts'
import { CliFault } from './fault.ts'
import { runCommand } from './program.ts'

/** A connection that does not close in time must not keep the prompt away. */
const LINGER_MS = 3000

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
// Whoever read the output has gone, e.g. `| head`.
process.stdout.on('error', () => stop.abort())

try {
  await runCommand(process.argv.slice(2), {
    environment: processEnvironment(),
    line: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    stopped: stop.signal,
  })
} catch (error) {
  if (!(error instanceof CliFault)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error.exitCode
}
setTimeout(() => process.exit(), LINGER_MS).unref()
