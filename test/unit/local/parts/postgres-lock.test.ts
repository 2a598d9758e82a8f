import { spawn } from 'node:child_process'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { dropStaleLock } from '#local/parts/postgres-lock.ts'
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts'

let cluster: string

beforeEach(async () => {
  const folder = await temporaryFolder('postgres-lock')
  onTestFinished(() => folder.remove())
  cluster = folder.path
})

async function lockOf(pid: number): Promise<void> {
  await writeFile(join(cluster, 'postmaster.pid'), `${pid}\n/data\n`)
}

async function isLocked(): Promise<boolean> {
  return await readFile(join(cluster, 'postmaster.pid')).then(
    () => true,
    () => false,
  )
}

/** A process of this program's name that lives until the test ends. */
async function running(name: string): Promise<number> {
  const program = join(cluster, name)
  await copyFile('/bin/sleep', program)
  const child = spawn(program, ['60'], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.once('spawn', resolve))
  return child.pid ?? 0
}

describe('the lock of a Postgres', () => {
  it('that runs is left alone', async () => {
    await lockOf(await running('postgres'))
    await dropStaleLock(cluster)
    expect(await isLocked()).toBe(true)
  })

  it('is removed when its number belongs to a stranger by now', async () => {
    await lockOf(await running('stranger'))
    await dropStaleLock(cluster)
    expect(await isLocked()).toBe(false)
  })

  it('is removed when its process is gone, or the file says nothing', async () => {
    const child = spawn('true', { stdio: 'ignore' })
    await new Promise((resolve) => child.once('close', resolve))
    await lockOf(child.pid ?? 0)
    await dropStaleLock(cluster)
    expect(await isLocked()).toBe(false)
    await writeFile(join(cluster, 'postmaster.pid'), '')
    await dropStaleLock(cluster)
    expect(await isLocked()).toBe(false)
  })

  it('may be missing', async () => {
    await dropStaleLock(cluster)
    expect(await isLocked()).toBe(false)
  })
})
