import { execFile } from 'node:child_process'
import { access, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { processStart } from '#local/parts/process-start.ts'
import { selectOne } from '../fixtures/database-row.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { LocalStack } from '../fixtures/local-stack.ts'
import { startLocalStack } from '../fixtures/local-stack.ts'
import { readLog } from '../fixtures/log-reader.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

const run = promisify(execFile)
const SAMPLES = 3 * 26
/** What a terminal leaves a program after Ctrl-C. */
const STOP_WITHIN_MS = 20_000

let folder: TemporaryFolder
const running: LocalStack[] = []

beforeEach(async () => {
  folder = await temporaryFolder('local-stack')
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((stack) => stack.stop()))
  await folder.remove()
})

async function start(...args: readonly string[]): Promise<LocalStack> {
  const stack = await startLocalStack({ folder: folder.path, args })
  running.push(stack)
  return stack
}

function left({ run: { processes } }: LocalStack): readonly string[] {
  return Object.entries(processes)
    .filter(([, pid]) => processStart(pid) !== null)
    .map(([name]) => name)
}

async function exists(name: string): Promise<boolean> {
  return await access(join(folder.path, name)).then(
    () => true,
    () => false,
  )
}

async function handled({ run: { database } }: LocalStack): Promise<bigint> {
  return (await selectOne(database, 'SELECT count(*) AS n FROM runtime.inbox'))?.n as bigint
}

describe('the first start', () => {
  it('shows every sample as it is handled, then where everything is, and ends clean', async () => {
    const stack = await start()
    await eventually(() => stack.out().includes('curl'), { withinMs: 60_000 })
    const rows = stack
      .out()
      .split('\n')
      .filter((line) => /evt_[0-9A-Z]{26}/.test(line) && line.includes('applied'))
    expect(rows).toHaveLength(SAMPLES)
    expect(rows.every((row) => / 200 /.test(row))).toBe(true)
    expect(await handled(stack)).toBe(BigInt(SAMPLES))
    const tenants = new Set(rows.map((row) => /tnt_[0-9A-Z]{26}/.exec(row)?.[0]))
    expect(tenants.size).toBe(3)
    for (const topic of ['qairopay.sandbox.card', 'qairopay.live.settlement']) {
      expect(rows.some((row) => row.includes(topic))).toBe(true)
    }

    const { mode } = await stat(join(folder.path, 'run.json'))
    expect(mode & 0o777).toBe(0o600)
    expect((await stat(join(folder.path, 'endpoints.json'))).mode & 0o777).toBe(0o600)
    expect(Object.keys(stack.run).sort()).toEqual([
      'database',
      'endpointsFile',
      'ingress',
      'kafka',
      'management',
      'processes',
      'registry',
    ])

    const begun = performance.now()
    const { code, err } = await stack.stop()
    expect([code, err]).toEqual([0, ''])
    expect(performance.now() - begun).toBeLessThan(STOP_WITHIN_MS)
    expect(left(stack)).toEqual([])
    expect(await exists('run.json')).toBe(false)
  })

  it('prints an example that works as it is pasted', async () => {
    const stack = await start('--no-sample')
    await eventually(() => stack.out().includes('curl'), { withinMs: 60_000 })
    const lines = stack.out().split('\n')
    const first = lines.findIndex((line) => line.trimStart().startsWith('SECRET='))
    const last = lines.findIndex((line, i) => i > first && line.trim() === '')
    const pasted = lines.slice(first, last === -1 ? undefined : last).join('\n')
    const { stdout } = await run('bash', ['-c', pasted])
    expect(stdout).toContain('"received":true')
    const secrets = JSON.parse(await readFile(join(folder.path, 'endpoints.json'), 'utf8'))
    for (const { secrets: own } of secrets.endpoints) {
      expect(stack.out()).not.toContain(own[0].value)
    }
  })
})

describe('a stack whose launcher was killed', () => {
  it('leaves no process, and comes up again with its data', async () => {
    const first = await start()
    await eventually(() => first.out().includes('curl'), { withinMs: 60_000 })
    await first.kill()
    running.splice(0)
    expect(left(first)).toEqual([])
    const second = await start('--no-sample')
    expect(await handled(second)).toBe(BigInt(SAMPLES))
    const topics = ['qairopay.sandbox.card', 'qairopay.live.card']
    const records = await readLog({ brokers: second.run.kafka, topics })
    expect(records.length).toBeGreaterThan(0)
    expect(second.out()).toContain('nothing changed')
  })
})

describe('a service that dies', () => {
  it('is named, with the end of its log, and all the rest is stopped', async () => {
    const stack = await start('--no-sample')
    process.kill(stack.run.processes['consumer-pass'] ?? 0, 'SIGKILL')
    const { code, err } = await stack.ended
    running.splice(0)
    expect(code).toBe(1)
    expect(err).toContain('consumer-pass ended unexpectedly (by SIGKILL)')
    expect(err).toContain('service.started')
    expect(left(stack)).toEqual([])
    expect(await exists('run.json')).toBe(false)
  })
})
