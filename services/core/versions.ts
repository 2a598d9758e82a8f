/**
 * The life of an API version at run time (`architecture.md`, "Versions at run time").
 *
 * A version without a catalogue entry is unknown: its events are set aside. An entry that says
 * `unknown` means the same to the ingress, and gives readers the schemas before the first event of
 * the version reaches them. `draining` lasts for seconds while the last ones set aside are moved;
 * then it is `active`. `retired` still routes, with a warning. Nothing ever goes back to unknown,
 * since records of the version are on topics.
 */
export const VERSION_STATES = ['unknown', 'draining', 'active', 'retired'] as const
export type VersionState = (typeof VERSION_STATES)[number]

const TRANSITIONS: Readonly<Record<VersionState, readonly VersionState[]>> = {
  unknown: ['draining'],
  draining: ['active'],
  active: ['retired'],
  retired: ['active'],
}

/** Whether a version may go from one state to another. */
export function mayBecome(from: VersionState, to: VersionState): boolean {
  return TRANSITIONS[from].includes(to)
}

const STAGES: Readonly<Record<VersionState, number>> = {
  unknown: 0,
  draining: 1,
  active: 2,
  retired: 2,
}

/** The state after another one was written, perhaps from an older reading: nothing is taken back. */
export function keptState(state: VersionState, written: VersionState): VersionState {
  return STAGES[written] < STAGES[state] ? state : written
}

/**
 * The state of a version that is registered for the first time. With an empty catalogue every
 * ingress answers 503, so nothing can wait; otherwise events may have been set aside already.
 */
export function firstState(isCatalogueEmpty: boolean): VersionState {
  return isCatalogueEmpty ? 'active' : 'unknown'
}

/** What the ingress does with an event of a version in this state. */
export type VersionAction = 'route' | 'set_aside' | 'retry'

/**
 * Without the lease (fetches of the control topic succeeded within the last 10 s) an ingress
 * cannot know that a version is still unknown, so only active ones pass.
 */
export function versionAction(state: VersionState, leaseHeld: boolean): VersionAction {
  if (state === 'active' || state === 'retired') return 'route'
  if (state === 'draining' || !leaseHeld) return 'retry'
  return 'set_aside'
}
