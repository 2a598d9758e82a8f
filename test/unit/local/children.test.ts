import { expect, it } from 'vitest'
import type { Death } from '#local/children.ts'
import { Children, stopSteps } from '#local/children.ts'
import type { Child, ChildExit } from '#local/parts/process.ts'

interface Puppet extends Child {
  /** Ends it without being asked. */
  die(): void
}

/** A child without a process, that writes down what is done to it. */
function puppet(name: string, told: string[], obeys = true): Puppet {
  let resolve: (exit: ChildExit) => void = () => {}
  const exited = new Promise<ChildExit>((settle) => {
    resolve = settle
  })
  const end = (word: string, ends: boolean) => {
    told.push(`${word} ${name}`)
    if (ends) resolve({ code: 0, signal: null })
    return exited
  }
  return {
    name,
    pid: name.length,
    logFile: `${name}.log`,
    exited,
    tail: () => '',
    stop: () => end('stop', obeys),
    kill: () => end('kill', true),
    die: () => resolve({ code: 7, signal: null }),
  }
}

it('ends what takes webhooks first, and what all stand on last', () => {
  const names = ['kafka', 'consumer-pass', 'ingress', 'postgres', 'consumer-card', 'registry']
  const steps = stopSteps(names.map((name) => ({ name })))
  expect(steps.map((step) => step.map(({ name }) => name))).toEqual([
    ['ingress'],
    ['consumer-pass', 'consumer-card'],
    ['kafka', 'postgres', 'registry'],
  ])
})

it('stops in that order, one step after the other', async () => {
  const told: string[] = []
  const children = new Children()
  for (const name of ['kafka', 'consumer-pass', 'ingress']) children.add(puppet(name, told))
  await children.stop(10_000)
  expect(told).toEqual(['stop ingress', 'stop consumer-pass', 'stop kafka'])
})

it('kills what does not stop within the time', async () => {
  const told: string[] = []
  const children = new Children()
  for (const name of ['kafka', 'ingress']) children.add(puppet(name, told, false))
  await children.stop(20)
  expect(told.slice(0, 1)).toEqual(['stop ingress'])
  expect(told.filter((word) => word.startsWith('kill')).sort()).toEqual([
    'kill ingress',
    'kill kafka',
  ])
})

it('tells of the first child that ends by itself, but not of those that were stopped', async () => {
  const children = new Children()
  const [kafka, ingress] = [puppet('kafka', []), puppet('ingress', [])]
  await Promise.all([kafka, ingress].map((child) => children.starting(Promise.resolve(child))))
  kafka.die()
  const death = await children.firstDeath
  expect([death.child.name, death.exit.code]).toEqual(['kafka', 7])

  const stopped = new Children()
  const calm = puppet('kafka', [])
  stopped.add(await stopped.starting(Promise.resolve(calm)))
  await stopped.stop(10_000)
  const nobody = await Promise.race([
    stopped.firstDeath,
    new Promise<Death | null>((resolve) => setImmediate(() => resolve(null))),
  ])
  expect(nobody).toBeNull()
})

it('ends a child at once that comes up while all are being stopped', async () => {
  const told: string[] = []
  const children = new Children()
  await children.stop(10_000)
  children.add(puppet('registry', told))
  expect(told).toEqual(['kill registry'])
})

it('waits until a start that was cut short has cleared up', async () => {
  const children = new Children()
  let clearedUp = false
  let fail: () => void = () => {}
  const start = new Promise<Child>((_, reject) => {
    fail = () => {
      clearedUp = true
      reject(new Error('cut short'))
    }
  })
  const starting = children.starting(start).catch(() => null)
  setImmediate(fail)
  await children.stop(10_000)
  expect(clearedUp).toBe(true)
  await starting
})

it('knows the pids of what runs', () => {
  const children = new Children()
  children.add(puppet('kafka', []))
  children.add(puppet('ingress', []))
  expect(children.pids()).toEqual({ kafka: 5, ingress: 7 })
})
