import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorFields } from '#platform/log.ts'

const SECRET = 'whsec_topsecret'
const root = fileURLToPath(new URL('../../../', import.meta.url))

class BrokenPart extends Error {
  override readonly name = 'BrokenPart'
}

/** What a process of its own writes, since pino writes past the test's own output. */
async function logged(level: string, calls: string): Promise<Record<string, unknown>[]> {
  const program = `import { createLogger } from '#platform/log.ts'
    const log = createLogger({ service: 'ingress', level: '${level}' })
    ${calls}`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { cwd: root },
  )
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

describe('what is said of an error', () => {
  it('is its class, its code, its type and its place', () => {
    const error = Object.assign(new BrokenPart(SECRET), { code: 'ECONNREFUSED', type: 'X' })
    expect(errorFields(error)).toEqual({
      error: 'BrokenPart',
      error_code: 'ECONNREFUSED',
      error_type: 'X',
      error_place: expect.stringMatching(/^log\.test\.ts:\d+:\d+\)?$/),
    })
  })

  it('is its kind alone when it is no error', () => {
    expect(errorFields(SECRET)).toEqual({ error: 'string' })
    expect(errorFields(null)).toEqual({ error: 'object' })
    expect(errorFields(undefined)).toEqual({ error: 'undefined' })
    expect(errorFields({ message: SECRET })).toEqual({ error: 'object' })
  })

  it('is never its message, which may repeat the value it stumbled over', () => {
    const shapes = fc.constantFrom(
      ...['', '\n    at ', '\nat ', ' at ', 'x\n\n   at f (', 'Error: \n    at /a/b:1:1\n    at '],
    )
    fc.assert(
      fc.property(shapes, shapes, (before, after) => {
        const error = new BrokenPart(`${before}${SECRET}${after}`)
        expect(JSON.stringify(errorFields(error))).not.toContain(SECRET)
        expect(errorFields(error).error_place).toMatch(/^log\.test\.ts:\d+:\d+\)?$/)
      }),
    )
  })

  it('is not the message either when that was changed after the stack was taken', () => {
    const error = new Error(`\n    at ${SECRET}`)
    expect(error.stack).toContain(SECRET)
    error.message = 'another'
    expect(errorFields(error)).toEqual({ error: 'Error' })
  })

  it('is not the message of its cause', () => {
    const error = new Error('outer', { cause: new Error(`x\n    at ${SECRET}`) })
    expect(JSON.stringify(errorFields(error))).not.toContain(SECRET)
  })

  it('holds no folder of this machine', () => {
    expect(JSON.stringify(errorFields(new Error('x')))).not.toMatch(/[/\\]/)
  })
})

describe('the log', () => {
  it('is JSON lines with the time, the level in words and the service', async () => {
    const [line, ...more] = await logged('info', `log.info({ event: 'x.y', id: 'evt_1' })`)
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      service: 'ingress',
      event: 'x.y',
      id: 'evt_1',
    })
    expect(more).toEqual([])
  })

  it('keeps quiet below its level', async () => {
    const lines = await logged('warn', `log.info({ event: 'a' }); log.warn({ event: 'b' })`)
    expect(lines.map(({ event }) => event)).toEqual(['b'])
  })

  it('takes out secrets that somebody logs by mistake, on top and one level down', async () => {
    const names = ['secret', 'secrets', 'body', 'raw', 'signature', 'password', 'headers']
    const held = Object.fromEntries(names.map((name) => [name, SECRET]))
    const [line] = await logged('info', `log.info(${JSON.stringify({ ...held, endpoint: held })})`)
    const redacted = Object.fromEntries(names.map((name) => [name, '(redacted)']))
    expect(line).toMatchObject({ ...redacted, endpoint: redacted })
    expect(JSON.stringify(line)).not.toContain(SECRET)
  })
})
