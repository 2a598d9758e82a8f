import { setImmediate as idle } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VersionState } from '#core/versions.ts'
import { mayBecome } from '#core/versions.ts'
import type {
  ActivationStep,
  ReleaseLook,
  ReleaseRound,
  VersionMoves,
} from '#registrar/activation.ts'
import { activate, fitting, leadMs } from '#registrar/activation.ts'

const SETTLE_MS = 25_000
/** How late an ingress may hear, and how late a record of it may still be acknowledged. */
const SETTLED_MS = 23_000
const LOOK_MS = 1000
const LOAD_EVERY_MS = 100
/** Events a second; 1,875 of them fit into the time to settle. */
const RATE = 100

const crash = () => new Error('crashed')

/**
 * A tenant that sends its events one after another, an ingress that hears as late as its lease
 * allows, a quarantine and a domain topic; all on a clock that moves when everybody waits.
 */
class World implements VersionMoves {
  now = 0
  version: VersionState = 'unknown'
  drainingSince = Number.POSITIVE_INFINITY
  acknowledged: number[] = []
  quarantine: number[] = []
  topic: number[] = []
  alone = true
  /** Throws at the nth step of anything. */
  crashAt = Number.POSITIVE_INFINITY
  /** For each release, how long it may take. */
  readonly withinMs: (number | null)[] = []
  readonly #sleepers: { readonly atMs: number; readonly wake: () => void }[] = []
  #isRunning = false
  #isDead = false
  #steps = 0
  #dueMs = LOAD_EVERY_MS
  #found = 0
  #released = 0
  #next = 0

  state(): VersionState {
    return this.version
  }

  async become(to: VersionState): Promise<string | null> {
    this.#step()
    expect(mayBecome(this.version, to)).toBe(true)
    this.version = to
    if (to === 'draining') this.drainingSince = this.now
    return null
  }

  async look(): Promise<ReleaseLook> {
    this.#step()
    this.#found = this.quarantine.length
    await this.#sleep(LOOK_MS)
    return { kind: 'looked', events: this.#found - this.#released }
  }

  async release(withinMs: number | null): Promise<ReleaseRound> {
    this.#step()
    this.withinMs.push(withinMs)
    const events = this.#found - this.#released
    const eachMs = Math.max(1000 / RATE, (withinMs ?? 0) / Math.max(1, events))
    for (; this.#released < this.#found; this.#released += 1) {
      await this.#sleep(eachMs)
      // A crash between the event and its marker repeats it.
      this.topic.push(this.quarantine[this.#released] ?? -1)
      this.#step()
    }
    return { kind: 'done' }
  }

  async isAlone(): Promise<boolean> {
    return this.alone
  }

  async wait(ms: number): Promise<void> {
    this.#step()
    await this.#sleep(ms)
  }

  /** After a crash. */
  restart(): void {
    this.#isDead = false
  }

  /** Time goes by under load. */
  pass(ms: number): void {
    const end = this.now + ms
    for (; this.#dueMs <= end; this.#dueMs += LOAD_EVERY_MS) {
      this.now = this.#dueMs
      this.#send()
    }
    this.now = end
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((wake) => {
      this.#sleepers.push({ atMs: this.now + ms, wake })
      if (!this.#isRunning) void this.#run()
    })
    if (this.#isDead) throw crash()
  }

  /** Wakes one sleeper after another, each when nobody has anything left to do. */
  async #run(): Promise<void> {
    this.#isRunning = true
    for (await idle(); this.#sleepers.length > 0; await idle()) {
      const [first] = this.#sleepers.sort((a, b) => a.atMs - b.atMs).splice(0, 1)
      if (first === undefined) break
      this.pass(first.atMs - this.now)
      first.wake()
    }
    this.#isRunning = false
  }

  #send(): void {
    const id = this.#next
    if (this.version === 'active') this.topic.push(id)
    else if (this.now < this.drainingSince + SETTLED_MS) this.quarantine.push(id)
    else return
    this.acknowledged.push(id)
    this.#next += 1
  }

  #step(): void {
    this.#steps += 1
    if (this.#steps === this.crashAt) this.#isDead = true
    if (this.#isDead) throw crash()
  }
}

function run(world: World, stopped = new AbortController().signal, settleMs = SETTLE_MS) {
  const steps: ActivationStep[] = []
  const options = { moves: world, settleMs, rate: RATE, stopped, now: () => world.now }
  const end = activate({ ...options, onStep: (step) => void steps.push(step) })
  return end.then((value) => ({ end: value, kinds: steps.map(({ kind }) => kind) }))
}

/** First copies in the topic, which is what consumers take. */
function seen({ topic }: World): readonly number[] {
  return [...new Set(topic)]
}

function loaded(ms: number): World {
  const world = new World()
  world.pass(ms)
  return world
}

describe('an activation', () => {
  it('releases, drains, settles, releases the rest and activates', async () => {
    const world = loaded(60_000)
    const { end, kinds } = await run(world)
    expect(end).toMatchObject({ kind: 'active' })
    expect([...new Set(kinds)]).toEqual(['begun', 'round', 'draining', 'settled', 'rest', 'active'])
    world.pass(1000)
    expect(world.acknowledged.length).toBeGreaterThan(600)
    expect(seen(world)).toEqual(world.acknowledged)
  })

  it('puts first acknowledged first, wherever it crashed and however often', async () => {
    const crashes = fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(crashes, fc.integer({ min: 0, max: 250_000 }), async (places, loadMs) => {
        const world = loaded(loadMs)
        let done = 0
        for (const place of places) {
          world.crashAt = done + place
          done = world.crashAt
          await run(world).catch((error: Error) => expect(error.message).toBe('crashed'))
          world.restart()
          world.pass(500)
        }
        world.crashAt = Number.POSITIVE_INFINITY
        expect((await run(world)).end.kind).toBe('active')
        world.pass(500)
        expect(seen(world)).toEqual(world.acknowledged)
      }),
    )
  })

  it('would leave events behind if it did not wait until nothing is set aside any more', async () => {
    const world = loaded(5000)
    await run(world, undefined, 0)
    world.pass(1000)
    expect(seen(world)).not.toEqual(world.acknowledged)
  })

  it('of a version that is active or retired moves nothing', async () => {
    for (const state of ['active', 'retired'] as const) {
      const world = loaded(1000)
      world.version = state
      expect((await run(world)).end).toMatchObject({ kind: state })
      expect([world.topic, world.version]).toEqual([[], state])
    }
  })

  it('found draining waits for the whole time once more', async () => {
    const world = loaded(1000)
    world.version = 'draining'
    world.drainingSince = world.now
    expect((await run(world)).end.kind).toBe('active')
    expect(world.now).toBeGreaterThanOrEqual(1000 + SETTLE_MS)
    expect(seen(world)).toEqual(world.acknowledged)
  })

  it('goes on to draining although events come faster than they are moved', async () => {
    const world = loaded(1000)
    const look = world.look.bind(world)
    world.look = async () => {
      await look()
      return { kind: 'looked', events: 10_000 }
    }
    expect((await run(world)).end.kind).toBe('active')
  })

  it('moves what fits while it settles, spread over that time, and drains no longer for it', async () => {
    const world = loaded(30_000)
    const { end, kinds } = await run(world)
    expect(kinds.slice(0, 3)).toEqual(['begun', 'round', 'draining'])
    expect(world.withinMs[0]).toBe(0.75 * SETTLE_MS)
    const drained = end.kind === 'active' ? end.drainingMs : null
    expect(drained).toBeGreaterThanOrEqual(SETTLE_MS)
    // One more look, and what the slow ingress had set aside meanwhile.
    expect(drained).toBeLessThan(SETTLE_MS + 5 * LOOK_MS)
    expect(seen(world)).toEqual(world.acknowledged)
  })

  it.each([
    [3000, 0, 1000, 0],
    [7500, 0, 1000, 6250],
    [3000, 0, 100, 11_250],
    [12_000, 0, 1000, 15_000],
    [12_000, 6000, 1000, 9000],
    [12_000, 60_000, 1000, 0],
    [24_000, 60_000, 1000, 5250],
  ])(
    'of %s events, found in %s ms, at most %s a second, begins %s ms before it drains',
    (waiting, lookMs, rate, ms) => {
      expect(leadMs(waiting, lookMs, { rate, settleMs: SETTLE_MS })).toBe(ms)
    },
  )

  it('becomes draining while it moves what is more than can be moved gently then', async () => {
    const world = loaded(250_000)
    const waiting = world.quarantine.length
    const ahead = leadMs(waiting, LOOK_MS, { rate: RATE, settleMs: SETTLE_MS })
    let moved = 0
    const become = world.become.bind(world)
    world.become = async (to) => {
      if (to === 'draining') moved = world.topic.length
      return await become(to)
    }
    const { end } = await run(world)
    expect(ahead).toBeGreaterThan(5000)
    expect(world.withinMs[0]).toBe(ahead + 0.75 * SETTLE_MS)
    expect(moved / waiting).toBeCloseTo(ahead / (ahead + 0.75 * SETTLE_MS), 1)
    const drained = end.kind === 'active' ? end.drainingMs : null
    expect(drained).toBeLessThan(SETTLE_MS + 5 * LOOK_MS)
    expect(seen(world)).toEqual(world.acknowledged)
  })

  it('holds nobody off when the release ends before it would drain', async () => {
    const world = loaded(250_000)
    const release = world.release.bind(world)
    world.release = async (withinMs) => {
      await world.wait(1000)
      return { kind: 'halted', why: `away within ${withinMs}` }
    }
    expect((await run(world)).end).toMatchObject({ kind: 'halted' })
    expect([world.version, world.now < 260_000]).toEqual(['unknown', true])
    Object.assign(world, { release })
    expect((await run(world)).end.kind).toBe('active')
    expect(seen(world)).toEqual(world.acknowledged)
  })

  it('waits for the release in hand when the lock is lost on the way', async () => {
    const world = loaded(250_000)
    const waiting = world.quarantine.length
    world.alone = false
    expect((await run(world)).end).toMatchObject({ kind: 'halted' })
    expect([world.version, world.topic.length]).toEqual(['unknown', waiting])
  })

  it('moves before it drains what is more than fits', async () => {
    const world = loaded(400_000)
    const fits = fitting({ rate: RATE, settleMs: SETTLE_MS })
    expect(world.quarantine.length).toBeGreaterThan(fits)
    const { kinds } = await run(world)
    expect(kinds.indexOf('draining')).toBeGreaterThan(kinds.indexOf('round') + 1)
    expect(world.withinMs[0]).toBeNull()
  })

  it.each([
    ['while it settles', 1],
    ['while it moves the rest', 2],
  ])(
    'that somebody else makes unknown again %s halts, and done again leaves nothing',
    async (...[, at]) => {
      const world = loaded(1000)
      let releases = 0
      const { wait, release } = { wait: world.wait.bind(world), release: world.release.bind(world) }
      const takenBack = () => {
        world.version = 'unknown'
        world.drainingSince = Number.POSITIVE_INFINITY
      }
      world.wait = async (ms) => {
        if (at === 1) takenBack()
        await wait(ms)
      }
      world.release = async (withinMs) => {
        const end = await release(withinMs)
        releases += 1
        if (at === 2 && releases === 1) takenBack()
        return end
      }
      const { end } = await run(world)
      expect(end).toMatchObject({ kind: 'halted', why: expect.stringContaining('made it unknown') })
      expect(world.version).toBe('unknown')
      Object.assign(world, { wait, release })
      expect((await run(world)).end.kind).toBe('active')
      world.pass(1000)
      expect(seen(world)).toEqual(world.acknowledged)
    },
  )

  it('stops between two steps, and changes no state without the lock', async () => {
    const stop = new AbortController()
    stop.abort()
    expect((await run(loaded(1000), stop.signal)).end).toEqual({ kind: 'stopped' })
    const world = loaded(1000)
    world.alone = false
    expect((await run(world)).end).toMatchObject({ kind: 'halted' })
    expect(world.version).toBe('unknown')
  })
})
