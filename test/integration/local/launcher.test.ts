import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '#local/parts/ports.ts'
import { processStart } from '#local/parts/process-start.ts'
import { commandFolder } from '../../fixtures/command-folder.ts'
import { runLauncher } from '../../fixtures/local-stack.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder('launcher')
})
afterEach(() => folder.remove())

/** Runs a launcher that must fail; the exit code and what is on standard error. */
async function failing(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = ['--no-sample'],
) {
  const { code, err } = await runLauncher({ folder: join(folder.path, 'stack'), args, env })
  return { code, err }
}

const oneSentence = (words: RegExp) => new RegExp(`^[^\\n]*${words.source}[^\\n]*\\n$`)

describe('a launcher that cannot start says why in one sentence', () => {
  it('when a port is in use', async () => {
    const port = await freePort()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { code, err } = await failing({ PORTS: 'fixed', INGRESS_PORT: String(port) })
    expect(code).toBe(1)
    expect(err).toMatch(oneSentence(/Port \d+ for the ingress is in use: .*INGRESS_PORT/))
  })

  it('when there is no Java', async () => {
    const PATH = await commandFolder(join(folder.path, 'bin'), ['setpriv', 'unshare', 'true'])
    const { code, err } = await failing({ PATH, JAVA_HOME: '' })
    expect(code).toBe(1)
    expect(err).toMatch(oneSentence(/Java was not found .*: install Java 17 or newer/))
  })

  it('when there is no Maven, and the jars are not there yet', async () => {
    const commands = ['setpriv', 'unshare', 'true', 'java']
    const PATH = await commandFolder(join(folder.path, 'bin'), commands)
    const { code, err } = await failing({ PATH, XDG_CACHE_HOME: join(folder.path, 'cache') })
    expect(code).toBe(1)
    expect(err).toMatch(oneSentence(/Maven was not found .*: install Maven 3\.8 or newer/))
  })

  it('when another one lives in the folder, and touches nothing of it', async () => {
    const launcher = { name: 'launcher', pid: process.pid, command: 'node' }
    const ledger = { launcher: { ...launcher, started: processStart(process.pid) }, children: [] }
    await writeFile(join(folder.path, 'processes.json'), JSON.stringify(ledger))
    await writeFile(join(folder.path, 'run.json'), '{}')
    const args = ['--fresh', '--no-sample']
    const { code, err } = await runLauncher({ folder: folder.path, args })
    expect(code).toBe(1)
    expect(err).toMatch(oneSentence(/Another event-router .* runs in this folder: stop it/))
    expect((await readdir(folder.path)).sort()).toEqual(['processes.json', 'run.json'])
    const left = await readFile(join(folder.path, 'processes.json'), 'utf8')
    expect(JSON.parse(left)).toEqual(ledger)
  })

  it('when settings cannot be used, its own and those of its services', async () => {
    const own = await failing({ KAFKA_PORT: 'many' })
    expect(own.code).toBe(1)
    expect(own.err).toMatch(oneSentence(/Settings that cannot be used: KAFKA_PORT: .*example/))
    const service = await failing({ QUEUE_MAX_RECORDS: 'many' })
    expect(service.code).toBe(1)
    expect(service.err).toMatch(oneSentence(/QUEUE_MAX_RECORDS: .*example/))
  })

  it.each([
    ['Kafka', { KAFKA_BROKERS: '127.0.0.1:9' }],
    ['registry', { SCHEMA_REGISTRY_URL: 'http://user:topsecret@127.0.0.1:9' }],
    ['Postgres', { DATABASE_URL: 'postgres://user:topsecret@127.0.0.1:9/x' }],
  ])('when the user\u2019s own %s does not answer, without its password', async (part, env) => {
    const { code, err } = await failing(env)
    expect(code).toBe(1)
    const [variable = ''] = Object.keys(env)
    expect(err).toMatch(oneSentence(new RegExp(`${part} at 127.0.0.1:9 .*unset ${variable}`)))
    expect(err).not.toContain('topsecret')
  })

  it('when it is used wrongly', async () => {
    const { code, err } = await failing({}, ['--frsh'])
    expect(code).toBe(2)
    expect(err).toMatch(oneSentence(/unknown option '--frsh'.*npm start -- --help/))
  })
})

it('explains itself without starting anything', async () => {
  const { code, out, err } = await runLauncher({ folder: folder.path, args: ['--help'] })
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/--fresh[\s\S]*--no-sample[\s\S]*Examples:\n {2}\$ npm start\n/)
  expect(await readdir(folder.path)).toEqual([])
})
