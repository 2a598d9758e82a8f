import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { processStart } from '#local/parts/process-start.ts'
import { occupy, removeState, stackFolder } from '#local/stack-folder.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder('state')
})
afterEach(() => folder.remove())

it('is made when it is not there', async () => {
  const localDir = join(folder.path, 'deep', 'down')
  await occupy(localDir)
  expect(await readdir(localDir)).toEqual(['processes.json'])
})

it('is refused while another launcher lives in it', async () => {
  const started = processStart(process.ppid)
  const launcher = { name: 'launcher', pid: process.ppid, started, command: 'node' }
  const { ledgerFile } = stackFolder(folder.path)
  await writeFile(ledgerFile, JSON.stringify({ launcher, children: [] }))
  await expect(occupy(folder.path)).rejects.toThrow(/Another event-router .* LOCAL_DIR/)
})

it('is refused in one sentence when it cannot be written', async () => {
  const file = join(folder.path, 'file')
  await writeFile(file, '')
  await expect(occupy(file)).rejects.toThrow(
    /^The folder .*file cannot be used \(EEXIST\): .*LOCAL_DIR/,
  )
})

it('loses the state of the stack when it begins anew, and nothing else', async () => {
  await occupy(folder.path)
  const { kafka, postgres, endpointsFile, runFile } = stackFolder(folder.path)
  for (const place of [kafka, postgres]) await mkdir(join(place, 'data'), { recursive: true })
  for (const file of [endpointsFile, runFile]) await writeFile(file, '{}')
  await writeFile(join(folder.path, 'notes.txt'), 'mine')
  await removeState(stackFolder(folder.path))
  expect((await readdir(folder.path)).sort()).toEqual(['notes.txt', 'processes.json'])
})
