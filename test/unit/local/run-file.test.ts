import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { removeRunFile, writeRunFile } from '#local/run-file.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const run = {
  ingress: 'http://127.0.0.1:8080',
  management: 'http://127.0.0.1:9080',
  kafka: '127.0.0.1:9092',
  registry: 'http://127.0.0.1:8081/apis/ccompat/v7',
  database: 'postgres://event_router:word@127.0.0.1:15432/event_router',
  endpointsFile: '.local/endpoints.json',
  processes: { launcher: 1, ingress: 2 },
}

let folder: TemporaryFolder
let file: string
beforeEach(async () => {
  folder = await temporaryFolder('run')
  file = join(folder.path, 'run.json')
})
afterEach(() => folder.remove())

it('holds the addresses of the stack, for its owner alone', async () => {
  await writeRunFile(file, run)
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(run)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

it('appears whole, under its name alone', async () => {
  await writeRunFile(file, run)
  expect(await readdir(folder.path)).toEqual(['run.json'])
})

it('can be removed also when it is not there', async () => {
  await writeRunFile(file, run)
  await removeRunFile(file)
  await removeRunFile(file)
  expect(await readdir(folder.path)).toEqual([])
})
