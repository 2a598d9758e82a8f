import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLedger } from '#local/parts/ledger.ts'
import { startChild } from '#local/parts/process.ts'
import { processStart } from '#local/parts/process-start.ts'
import { commandFolder } from '../../../fixtures/command-folder.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { testHost } from '../../../fixtures/part-host.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../fixtures/temporary-folder.ts'

const launcher = (name: string) =>
  fileURLToPath(new URL(`../../../fixtures/${name}.ts`, import.meta.url))
let folder: TemporaryFolder

beforeEach(async () => {
  folder = await temporaryFolder('process')
})
afterEach(() => folder.remove())

/** Starts a launcher with one child, kills it with SIGKILL, and returns the child's pid. */
async function orphan(commands: readonly string[], name = 'orphan-launcher'): Promise<number> {
  const path = await commandFolder(join(folder.path, 'bin'), commands)
  const child = spawn(process.execPath, [launcher(name), folder.path, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [printed] = (await once(child.stdout, 'data')) as [Buffer]
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  return Number(printed.toString())
}

test('a child ends by itself when its launcher is killed', async () => {
  const pid = await orphan(['setpriv', 'true', 'sleep'])
  await eventually(() => processStart(pid) === null, { withinMs: 20_000 })
})

test.each([
  ['in a user namespace', ['setpriv', 'true', 'unshare']],
  ['as another user', ['setpriv', 'true']],
])('Postgres ends by itself when its launcher is killed, also %s', async (_, commands) => {
  const pid = await orphan(commands, 'orphan-postgres')
  await eventually(() => processStart(pid) === null, { withinMs: 20_000 })
})

test('a child that outlives its killed launcher is stopped by the next start', async () => {
  const pid = await orphan(['sleep'])
  expect(processStart(pid)).not.toBeNull()
  const found = await openLedger(join(folder.path, 'processes.json')).stopLeftovers()
  expect(found.map((entry) => [entry.name, entry.pid])).toEqual([['sleeper', pid]])
  expect(processStart(pid)).toBeNull()
})

test('a child that ignores the polite signal is killed after its grace', async () => {
  const logFile = join(folder.path, 'deaf.log')
  const script = 'trap "" TERM; echo listening; while :; do sleep 1; done'
  const options = { name: 'deaf', command: 'sh', args: ['-c', script], logFile, stopGraceMs: 200 }
  const child = await startChild(options, testHost())
  await eventually(() => child.tail() === 'listening', { withinMs: 20_000 })
  expect(await child.stop()).toEqual({ code: null, signal: 'SIGKILL' })
})

test('a child that ends leaves the end of its output behind', async () => {
  const logFile = join(folder.path, 'short.log')
  const options = {
    name: 'short',
    command: 'sh',
    args: ['-c', 'echo a; echo b >&2; exit 3'],
    logFile,
  }
  const child = await startChild(options, testHost())
  expect(await child.exited).toEqual({ code: 3, signal: null })
  expect(child.tail().split('\n').sort()).toEqual(['a', 'b'])
})
