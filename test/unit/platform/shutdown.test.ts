import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly lines: readonly Readonly<Record<string, unknown>>[]
}

/** Runs a process of these steps that does this; resolves with its exit code and its lines. */
async function ended(steps: string, doing: string, deadlineMs = 10_000): Promise<Ended> {
  const program = `import { createLogger } from '#platform/log.ts'
    import { installShutdown } from '#platform/shutdown.ts'
    import { setTimeout as pause } from 'node:timers/promises'
    const log = createLogger({ service: 'test', level: 'info' })
    const signal = (name) => process.kill(process.pid, name)
    const step = (name, run) => ({ name, run: async () => { log.info({ event: name }); await run?.() } })
    const shutdown = installShutdown({ log, deadlineMs: ${deadlineMs}, steps: ${steps} })
    setInterval(() => {}, 1000)
    ${doing}`
  const args = ['--input-type=module', '--eval', program]
  const stdio = ['ignore', 'pipe', 'inherit', 'ipc'] as const
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: [...stdio] })
  if (doing.includes('parent')) child.disconnect()
  const out = text(child.stdout as Readable)
  const [code] = await once(child, 'exit')
  const lines = (await out).split('\n').filter((line) => line !== '')
  return { code, lines: lines.map((line) => JSON.parse(line)) }
}

function events({ lines }: Ended): readonly unknown[] {
  return lines.map(({ event }) => event)
}

describe.concurrent('a stop', () => {
  it.each(['SIGTERM', 'SIGINT'])('by %s does its steps in order and exits with 0', async (name) => {
    const stop = await ended(`[step('one'), step('two')]`, `signal('${name}')`)
    expect(stop.code).toBe(0)
    expect(events(stop)).toEqual(['shutdown.begun', 'one', 'two', 'shutdown.done'])
    expect(stop.lines[0]).toMatchObject({ reason: name })
  })

  it('is not hastened or begun anew by a second signal', async () => {
    const slow = `[step('slow', () => pause(300)), step('last')]`
    const stop = await ended(slow, `signal('SIGTERM'); setTimeout(() => signal('SIGTERM'), 100)`)
    expect(stop.code).toBe(0)
    expect(events(stop)).toEqual([
      'shutdown.begun',
      'slow',
      'shutdown.going_on',
      'last',
      'shutdown.done',
    ])
  })

  it('ends at its deadline with 1, whatever hangs', async () => {
    const stop = await ended(`[step('hangs', () => pause(60_000))]`, `signal('SIGTERM')`, 200)
    expect([stop.code, events(stop)]).toEqual([1, ['shutdown.begun', 'hangs', 'shutdown.deadline']])
  })

  it('goes on after a step that fails, and exits with 1', async () => {
    const broken = `[step('broken', () => { throw new TypeError('canary') }), step('last')]`
    const stop = await ended(broken, `signal('SIGTERM')`)
    expect(stop.code).toBe(1)
    expect(events(stop)).toEqual([
      'shutdown.begun',
      'broken',
      'shutdown.step_failed',
      'last',
      'shutdown.done',
    ])
    expect(stop.lines[2]).toMatchObject({ step: 'broken', error: 'TypeError' })
    expect(JSON.stringify(stop.lines)).not.toContain('canary')
  })

  it.each([
    ['an exception that nobody caught', `setTimeout(() => { throw new RangeError('canary') })`],
    ['a rejection that nobody caught', `void Promise.reject(new RangeError('canary'))`],
  ])('follows %s, in order, with 1 and its place', async (_, doing) => {
    const stop = await ended(`[step('one')]`, doing)
    expect(stop.code).toBe(1)
    expect(events(stop)).toEqual(['process.surprise', 'shutdown.begun', 'one', 'shutdown.done'])
    expect(stop.lines[0]).toMatchObject({ level: 'fatal', error: 'RangeError' })
    expect(JSON.stringify(stop.lines)).not.toContain('canary')
  })

  it('that was asked for exits with 1 all the same when something breaks meanwhile', async () => {
    const breaks = `[step('breaks', async () => {
      setTimeout(() => { throw new Error('x') })
      await pause(200)
    })]`
    expect((await ended(breaks, `signal('SIGTERM')`)).code).toBe(1)
  })

  it('after a surprise exits with 1 also when a signal comes meanwhile', async () => {
    const surprise = `setTimeout(() => { throw new Error('x') })`
    const signalled = `[step('slow', async () => { signal('SIGTERM'); await pause(200) })]`
    expect((await ended(signalled, surprise)).code).toBe(1)
  })

  it('follows when the process that started it is gone', async () => {
    const stop = await ended(`[step('one')]`, '/* parent */')
    expect([stop.code, events(stop)]).toEqual([0, ['shutdown.begun', 'one', 'shutdown.done']])
    expect(stop.lines[0]).toMatchObject({ reason: 'parent_gone' })
  })
})
