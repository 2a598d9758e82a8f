import type { VersionState } from '#core/versions.ts'

/** What one pass over what waits came to. */
export type ReleaseRound =
  | { readonly kind: 'done'; readonly looked: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'halted'; readonly why: string }

/** A version as whoever activates it sees and changes it. */
export interface VersionMoves {
  /** As the catalogue has it now. */
  state(): VersionState
  /** Resolves when the entry is durable and can be read; in words why not. */
  become(to: VersionState): Promise<string | null>
  /** Moves, in order, everything of the version that waits when it is called. */
  releaseRound(): Promise<ReleaseRound>
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

async function round({ moves }: Activation): Promise<number> {
  const outcome = await moves.releaseRound()
  if (outcome.kind !== 'done') throw new Ended(outcome)
  return outcome.looked
}

/** Until little is left, or for so many rounds. */
async function rounds(activation: Activation): Promise<void> {
  for (let n = 1; n <= MOST_ROUNDS; n += 1) {
    demandGoingOn(activation)
    const looked = await round(activation)
    activation.onStep({ kind: 'round', round: n, looked })
    if (looked <= SMALL_ROUND) return
  }
}

async function become({ moves }: Activation, to: VersionState): Promise<void> {
  if (!(await moves.isAlone())) throw new Ended({ kind: 'halted', why: LOCK_LOST })
  const problem = await moves.become(to)
  if (problem !== null) throw new Ended({ kind: 'halted', why: problem })
}

async function drain(activation: Activation, beganMs: number): Promise<void> {
  const { moves, settleMs, now, onStep } = activation
  onStep({ kind: 'draining', settleMs })
  await rounds(activation)
  await moves.wait(Math.max(0, settleMs - (now() - beganMs)))
  demandGoingOn(activation)
  onStep({ kind: 'settled' })
  onStep({ kind: 'rest', looked: await round(activation) })
  demandGoingOn(activation)
}

async function steps(activation: Activation): Promise<ActivationEnd> {
  const { moves, now, onStep } = activation
  const state = moves.state()
  onStep({ kind: 'begun', state })
  if (state === 'retired') return { kind: 'retired' }
  if (state === 'active') return { kind: 'active', drainingMs: null }
  if (state === 'unknown') {
    await rounds(activation)
    demandGoingOn(activation)
    await become(activation, 'draining')
  }
  // One that is found draining may be so since a moment ago, so it settles from now on.
  const beganMs = now()
  await drain(activation, beganMs)
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
