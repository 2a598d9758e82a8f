import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { userCacheDir } from '#local/parts/host.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { CliFault } from './fault.ts'

/** A connection that does not close in time must not keep the prompt away. */
const LINGER_MS = 3000

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
// Whoever read the output has gone, e.g. `| head`.
process.stdout.on('error', () => stop.abort())

const environment = processEnvironment()
const { HOME, XDG_CACHE_HOME } = environment
// Half a second of a core that others may need, at each command; where nothing can be written, as before.
if (HOME !== undefined) {
  enableCompileCache(join(userCacheDir(XDG_CACHE_HOME, HOME), 'event-router', 'compiled'))
}

try {
  // Only what is loaded from here on is kept compiled.
  const { runCommand } = await import('./program.ts')
  await runCommand(process.argv.slice(2), {
    environment,
    line: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    isInteractive: process.stdout.isTTY === true,
    stopped: stop.signal,
  })
} catch (error) {
  if (!(error instanceof CliFault)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error.exitCode
}
setTimeout(() => process.exit(), LINGER_MS).unref()
