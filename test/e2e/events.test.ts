import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { HANDLED_DOMAINS } from '#core/routing.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { startLocalStack } from '../fixtures/local-stack.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { promiseEvents } from './event-promises.ts'

const run = promisify(execFile)
const SERVICES = ['ingress', ...HANDLED_DOMAINS.map((domain) => `consumer-${domain}`)]

promiseEvents(async (endpoints) => {
  const folder = await temporaryFolder('events')
  await writeFile(join(folder.path, 'endpoints.json'), JSON.stringify(endpoints, null, 2))
  const stack = await startLocalStack({ folder: folder.path, args: ['--no-sample'] })
  const logOf = (name: string) => readFile(join(folder.path, 'logs', `${name}.log`), 'utf8')
  return {
    run: stack.run,
    cli: async (...args) => {
      const env = { ...processEnvironment(), LOCAL_DIR: folder.path }
      return await run('npm', ['run', '--silent', 'cli', '--', ...args], { env, timeout: 60_000 })
    },
    logs: async () => (await Promise.all(SERVICES.map(logOf))).join(''),
    stop: async () => {
      await stack.stop()
      await folder.remove()
    },
  }
})
