import { execFile } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commandFolder, fakeCommand } from '../../fixtures/command-folder.ts'
import { type TemporaryFolder, temporaryFolder } from '../../fixtures/temporary-folder.ts'

const CI = fileURLToPath(new URL('../../../.ci', import.meta.url))

interface Results {
  readonly passed: number
  readonly failed?: number
  readonly skipped?: number
  /** Files that could not be loaded. */
  readonly broken?: number
}

/** A report as vitest's JSON reporter writes it. */
function report({ passed, failed = 0, skipped = 0, broken = 0 }: Results): string {
  const tests = (count: number, status: string) => Array.from({ length: count }, () => ({ status }))
  const assertionResults = [...tests(passed, 'passed'), ...tests(failed, 'failed')]
  const whole = { status: failed > 0 ? 'failed' : 'passed', assertionResults }
  return JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: [
      whole,
      ...tests(broken, 'failed').map((each) => ({ ...each, assertionResults: [] })),
    ],
  })
}

let repository: TemporaryFolder
beforeEach(async () => {
  repository = await temporaryFolder('ci')
  await cp(CI, join(repository.path, '.ci'), { recursive: true })
})
afterEach(() => repository.remove())

interface Machine {
  /** How `npm ci` and `npm test` end. */
  readonly install?: number
  readonly test?: number
  /** What `npm test` leaves in coverage/report.json, if it comes that far. */
  readonly report?: string
  readonly commands?: readonly string[]
}

/** The last line and the exit code of a run in which npm behaves as told. */
async function run({ install = 0, test = 0, report, commands = ['node'] }: Machine) {
  const bin = join(repository.path, 'bin')
  await commandFolder(bin, ['bash', 'cat', 'dirname', 'mkdir', 'rm', ...commands])
  await writeFile(join(repository.path, 'given.json'), report ?? '')
  const written =
    report === undefined ? '' : 'mkdir -p coverage && cat given.json > coverage/report.json;'
  await fakeCommand(
    bin,
    'npm',
    `echo "ran npm $1"; if [ "$1" = ci ]; then exit ${install}; fi; ${written} exit ${test}`,
  )
  return await new Promise<{ code: number; last: string }>((resolve) => {
    const options = { cwd: '/', env: { PATH: bin } }
    execFile(join(repository.path, '.ci/run'), options, (error, out) => {
      const code = error === null ? 0 : Number(error.code)
      resolve({ code, last: out.trimEnd().split('\n').at(-1) ?? '' })
    })
  })
}

describe('the run of continuous integration', () => {
  it('ends well when everything passed', async () => {
    const outcome = await run({ report: report({ passed: 3 }) })
    expect(outcome).toEqual({ code: 0, last: '3 passed, 0 failed' })
  })

  it('says how many tests were skipped', async () => {
    const outcome = await run({ report: report({ passed: 3, skipped: 2 }) })
    expect(outcome).toEqual({ code: 0, last: '3 passed, 0 failed, 2 skipped' })
  })

  it('counts the tests that failed', async () => {
    const outcome = await run({ test: 1, report: report({ passed: 3, failed: 2 }) })
    expect(outcome).toEqual({ code: 1, last: '3 passed, 2 failed' })
  })

  it('counts a file that could not be loaded as a failure', async () => {
    const outcome = await run({ test: 1, report: report({ passed: 3, failed: 1, broken: 2 }) })
    expect(outcome).toEqual({ code: 1, last: '3 passed, 3 failed' })
  })

  it('fails when all tests passed and the run did not', async () => {
    const outcome = await run({ test: 1, report: report({ passed: 3 }) })
    expect(outcome).toEqual({ code: 1, last: '3 passed, 1 failed' })
  })

  it('fails when the report tells of failures that the run kept to itself', async () => {
    const outcome = await run({ report: report({ passed: 3, failed: 1 }) })
    expect(outcome).toEqual({ code: 1, last: '3 passed, 1 failed' })
  })

  it.each([
    ['the installation fails', { install: 1, report: report({ passed: 3 }) }],
    ['a check fails before the first test', { test: 2 }],
    ['no test ran', { report: report({ passed: 0 }) }],
    ['the run ends well without a report', {}],
    ['the report is broken off', { report: '{"numPassedTests":' }],
    ['there is no Node', { commands: [] }],
  ])('fails when %s', async (_, machine) => {
    expect(await run(machine)).toEqual({ code: 1, last: '0 passed, 1 failed' })
  })

  it('does not count the report of an earlier run', async () => {
    await mkdir(join(repository.path, 'coverage'))
    await writeFile(join(repository.path, 'coverage/report.json'), report({ passed: 3 }))
    expect(await run({ test: 1 })).toEqual({ code: 1, last: '0 passed, 1 failed' })
  })
})
