import type { VersionState } from '#core/versions.ts'

/** Why work on what waits ended before it was done. */
type Unfinished = { readonly kind: 'stopped' } | { readonly kind: 'halted'; readonly why: string }

/** What a look at what waits came to. */
export type ReleaseLook = { readonly kind: 'looked'; readonly events: number } | Unfinished

/** What the release of what was looked at came to. */
export type ReleaseRound = { readonly kind: 'done' } | Unfinished

/** A version as whoever activates it sees and changes it. */
export interface VersionMoves {
  /** As the catalogue has it now. */
  state(): VersionState
  /** Resolves when the entry is durable and can be read; in words why not. */
  become(to: VersionState): Promise<string | null>
  /** Finds everything of the version that waits when it is called; moves nothing. */
  look(): Promise<ReleaseLook>
  /**
   * Moves, in order, what the last look has found.
   *
   * @param withinMs to be spread over about this time, where the rate allows; null: at the rate
   */
  release(withinMs: number | null): Promise<ReleaseRound>
  /** Whether nobody else can activate it now. */
  isAlone(): Promise<boolean>
  /** Ends early when stopped. */
  wait(ms: number): Promise<void>
}

/** How far it is; each is told when its effect is there. */
export type ActivationStep =
  | { readonly kind: 'begun'; readonly state: VersionState }
  | { readonly kind: 'round'; readonly round: number; readonly looked: number }
  | { readonly kind: 'draining'; readonly settleMs: number }
  | { readonly kind: 'settled' }
  | { readonly kind: 'rest'; readonly looked: number }
  | { readonly kind: 'active' }

export interface Activation {
  readonly moves: VersionMoves
  /**
   * From when `draining` can be read until nothing of the version can be set aside any more: the
   * lease of an ingress (until then it may not have heard), then the deadline of its records.
   */
  readonly settleMs: number
  /** Events a second that are moved at most. */
  readonly rate: number
  readonly stopped: AbortSignal
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly onStep: (step: ActivationStep) => void
}

export type ActivationEnd =
  /** How long events of the version were answered 503; null when they were not. */
  | { readonly kind: 'active'; readonly drainingMs: number | null }
  | { readonly kind: 'retired' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'halted'; readonly why: string }

/** The rest is moved while senders are told to come again, so it should be little. */
const SMALL_ROUND = 200
/** Events may come as fast as they are moved. */
const MOST_ROUNDS = 5
/** Of the time to settle: a second look and what it finds need time too. */
const MOVING_SHARE = 0.75
/** Events a second that those who share brokers and machines with a release hardly notice. */
const GENTLE_RATE = 300
/** How long a release may begin before `draining` in order to be gentle: an operator waits for it. */
const LONGEST_LEAD_MS = 15_000
const LOCK_LOST = 'the lock that keeps other activations away was lost'

class Ended extends Error {
  readonly end: ActivationEnd

  constructor(end: ActivationEnd) {
    super(end.kind)
    this.end = end
  }
}

function demandGoingOn({ stopped }: Activation): void {
  if (stopped.aborted) throw new Ended({ kind: 'stopped' })
}

async function look({ moves }: Activation): Promise<number> {
  const outcome = await moves.look()
  if (outcome.kind !== 'looked') throw new Ended(outcome)
  return outcome.events
}

async function release({ moves }: Activation, withinMs: number | null): Promise<void> {
  const outcome = await moves.release(withinMs)
  if (outcome.kind !== 'done') throw new Ended(outcome)
}

type Pace = Pick<Activation, 'rate' | 'settleMs'>

/** How many can be moved before and while the version settles, which takes its time whatever waits. */
export function fitting({ rate, settleMs }: Pace): number {
  return Math.floor((rate * (LONGEST_LEAD_MS + settleMs * MOVING_SHARE)) / 1000)
}

/** How few may be left for when it has settled. */
function fewOf({ rate, settleMs }: Pace): number {
  return Math.min(SMALL_ROUND, Math.floor((rate * settleMs * MOVING_SHARE) / 1000))
}

/**
 * How long before `draining` a release begins: not at all where what waits can be moved gently while
 * the version settles. What is set aside meanwhile is found by a later look.
 *
 * @param lookMs what the look took: where that is long, brokers or machine have other things to do,
 *   and the operator waits no longer for a gentleness that nobody notices
 */
export function leadMs(waiting: number, lookMs: number, { rate, settleMs }: Pace): number {
  const settlingMs = settleMs * MOVING_SHARE
  const neededMs = (waiting * 1000) / rate - settlingMs
  const gentleMs = (waiting * 1000) / Math.min(rate, GENTLE_RATE) - settlingMs
  const affordedMs = Math.min(gentleMs, LONGEST_LEAD_MS - lookMs)
  return Math.min(LONGEST_LEAD_MS, Math.max(0, neededMs, affordedMs))
}

/** What the last look has found, and how long it took. */
interface Backlog {
  readonly waiting: number
  readonly lookMs: number
}

/** Until what waits can be moved before and while the version settles, or for so many rounds. */
async function rounds(activation: Activation): Promise<Backlog> {
  for (let n = 1; ; n += 1) {
    demandGoingOn(activation)
    const begunMs = activation.now()
    const looked = await look(activation)
    activation.onStep({ kind: 'round', round: n, looked })
    if (looked <= fitting(activation) || n === MOST_ROUNDS) {
      return { waiting: looked, lookMs: activation.now() - begunMs }
    }
    await release(activation, null)
  }
}

async function become({ moves }: Activation, to: VersionState): Promise<void> {
  if (!(await moves.isAlone())) throw new Ended({ kind: 'halted', why: LOCK_LOST })
  const problem = await moves.become(to)
  if (problem !== null) throw new Ended({ kind: 'halted', why: problem })
}

/**
 * Moves what waits, so slowly that nobody else waits for it, and lets the version become `draining`
 * on the way, unless the release has failed by then.
 *
 * @returns since when it is draining
 */
async function moveIntoDraining(
  activation: Activation,
  { waiting, lookMs }: Backlog,
): Promise<number> {
  const { moves, settleMs, now, onStep } = activation
  const aheadMs = leadMs(waiting, lookMs, activation)
  const moving = release(activation, aheadMs + settleMs * MOVING_SHARE)
  const draining = Promise.race([moves.wait(aheadMs), moving]).then(async () => {
    demandGoingOn(activation)
    await become(activation, 'draining')
    onStep({ kind: 'draining', settleMs })
    return now()
  })
  // Neither is left to itself when the other one fails.
  const [moved, drained] = await Promise.allSettled([moving, draining])
  if (moved.status === 'rejected') throw moved.reason
  if (drained.status === 'rejected') throw drained.reason
  return drained.value
}

/** Moves what came since, in the time that has to go by anyway. */
async function moveWhileSettling(activation: Activation, beganMs: number): Promise<void> {
  const { settleMs, now, onStep } = activation
  for (let n = 1; n <= MOST_ROUNDS; n += 1) {
    demandGoingOn(activation)
    const looked = await look(activation)
    onStep({ kind: 'round', round: n, looked })
    if (looked <= fewOf(activation)) return
    const restMs = Math.max(0, settleMs - (now() - beganMs))
    await release(activation, restMs * MOVING_SHARE)
  }
}

/** Whoever made it something else has let ingresses set more aside, and for how long nobody knows. */
function demandDraining({ moves }: Activation): void {
  const state = moves.state()
  if (state === 'draining') return
  const why = `somebody else made it ${state} while it was draining; run it again`
  throw new Ended({ kind: 'halted', why })
}

async function drain(activation: Activation, beganMs: number): Promise<void> {
  const { moves, settleMs, now, onStep } = activation
  await moveWhileSettling(activation, beganMs)
  await moves.wait(Math.max(0, settleMs - (now() - beganMs)))
  demandGoingOn(activation)
  demandDraining(activation)
  onStep({ kind: 'settled' })
  const rest = await look(activation)
  await release(activation, null)
  onStep({ kind: 'rest', looked: rest })
  demandGoingOn(activation)
}

/** One that is found draining may be so since a moment ago, so it settles from now on. */
function foundDraining({ settleMs, now, onStep }: Activation): number {
  onStep({ kind: 'draining', settleMs })
  return now()
}

async function steps(activation: Activation): Promise<ActivationEnd> {
  const { moves, now, onStep } = activation
  const state = moves.state()
  onStep({ kind: 'begun', state })
  if (state === 'retired') return { kind: 'retired' }
  if (state === 'active') return { kind: 'active', drainingMs: null }
  const beganMs =
    state === 'unknown'
      ? await moveIntoDraining(activation, await rounds(activation))
      : foundDraining(activation)
  await drain(activation, beganMs)
  demandDraining(activation)
  await become(activation, 'active')
  onStep({ kind: 'active' })
  return { kind: 'active', drainingMs: now() - beganMs }
}

/**
 * Brings a version that has its entry to `active` so that what was acknowledged first comes first
 * in the domain topic. Each step looks at what is there, so it may be interrupted anywhere and run
 * again; a crash costs at most copies of one step of a release.
 */
export async function activate(activation: Activation): Promise<ActivationEnd> {
  try {
    return await steps(activation)
  } catch (error) {
    if (error instanceof Ended) return error.end
    throw error
  }
}
