import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { requireJava } from '#local/parts/java.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { PartFault } from '#local/parts/part-fault.ts'
import { freePort } from '#local/parts/ports.ts'
import { commandFolder, fakeCommand } from '../../../fixtures/command-folder.ts'
import { testHost } from '../../../fixtures/part-host.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../fixtures/temporary-folder.ts'

let folder: TemporaryFolder
beforeAll(async () => {
  folder = await temporaryFolder('faults')
})
afterAll(() => folder.remove())

const startOn = async (port: number, host = testHost()) =>
  startKafka(
    {
      dataDir: join(folder.path, 'kafka'),
      logFile: join(folder.path, 'kafka.log'),
      port,
      controllerPort: await freePort(),
    },
    host,
  )

test('a busy port is named together with the setting that moves it', async () => {
  const server = createServer()
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const fault = await startOn(port).catch((error: unknown) => error)
  server.close()
  expect(fault).toBeInstanceOf(PartFault)
  expect(String(fault)).toContain(`Port ${port} for Kafka is in use`)
  expect(String(fault)).toContain('KAFKA_PORT')
})

test('a missing Java is one sentence that says what to install', async () => {
  const PATH = await commandFolder(join(folder.path, 'empty'), [])
  const fault = await startOn(await freePort(), testHost({ PATH })).catch((error: unknown) => error)
  expect(fault).toBeInstanceOf(PartFault)
  expect(String(fault)).toMatch(/Java was not found.*install Java 17 or newer/)
})

test('a Java that is too old is named with its version', async () => {
  const bin = join(folder.path, 'old')
  await fakeCommand(bin, 'java', 'echo \'openjdk version "11.0.2" 2019-01-15\' >&2')
  await expect(requireJava(testHost({ PATH: bin }))).rejects.toThrow(/Java 11 .* is too old/)
})

test('a missing Maven is one sentence, and leaves no half cache behind', async () => {
  const PATH = await commandFolder(join(folder.path, 'java-only'), ['java'])
  const host = { ...testHost({ PATH }), cacheDir: join(folder.path, 'cache') }
  const { readdir } = await import('node:fs/promises')
  await expect(startOn(await freePort(), host)).rejects.toThrow(/Maven was not found/)
  expect(await readdir(join(host.cacheDir, 'event-router'))).toEqual([])
})
