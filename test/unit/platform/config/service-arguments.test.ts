import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { serviceArguments, serviceHelp } from '#platform/config/service-arguments.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

async function run(file: string, args: readonly string[]) {
  const options = { cwd: ROOT, env: {} }
  return await promisify(execFile)(process.execPath, [file, ...args], options).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  )
}

describe('the arguments of a service', () => {
  it.each([[['--log-level', 'debug']], [['--log-level=debug']]])(
    '%j stands over LOG_LEVEL',
    (args) => {
      const environment = { LOG_LEVEL: 'warn', OTHER: 'x' }
      expect(serviceArguments(args, environment)).toEqual({
        kind: 'run',
        environment: { LOG_LEVEL: 'debug', OTHER: 'x' },
      })
    },
  )

  it('leave the environment as it is when there are none', () => {
    const environment = { LOG_LEVEL: 'warn' }
    expect(serviceArguments([], environment)).toEqual({ kind: 'run', environment })
  })

  it.each([
    [['--loglevel', 'debug']],
    [['debug']],
    [['--log-level']],
    [['--password=canary']],
    [['--help=yes']],
  ])('%j is refused in one sentence that repeats nothing', (args) => {
    const given = serviceArguments(args, {})
    expect(given).toMatchObject({ kind: 'wrong', problem: expect.stringContaining('--log-level') })
    expect(JSON.stringify(given)).not.toContain('canary')
  })
})

describe.each([
  ['services/ingress/main.ts', INGRESS_SETTINGS],
  ['services/consumers/card/main.ts', CONSUMER_SETTINGS],
])('%s', (file, definitions) => {
  it('--help prints every variable and ends well', async () => {
    const { code, stdout } = await run(file, ['--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('--log-level <level>')
    const [first = ''] = serviceHelp('x', definitions).split('\n').slice(1)
    expect(stdout).toContain(first)
    const missing = Object.values(definitions).filter(({ variable }) => !stdout.includes(variable))
    expect(missing).toEqual([])
  })

  it('ends with 78 and one line when its settings cannot be used, the level among them', async () => {
    const { code, stdout } = await run(file, ['--log-level', 'loud'])
    expect(code).toBe(78)
    const lines = stdout.trim().split('\n')
    expect(lines).toHaveLength(1)
    const { event, problems } = JSON.parse(lines[0] ?? '{}')
    expect(event).toBe('settings.unusable')
    expect(String(problems)).toContain('LOG_LEVEL: must be')
    expect(String(problems)).toContain('KAFKA_BROKERS: is missing')
  })
})
