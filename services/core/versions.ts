/**
 * The life of an API version at run time (`architecture.md`, "Versions at run time").
 *
 * A version without a catalogue entry is unknown: its events are set aside. `draining` lasts for
 * seconds while the last ones set aside are moved; then it is `active`. `retired` still routes,
 * with a warning. Nothing ever goes back to unknown, since records of the version are on topics.
 */
export const VERSION_STATES = ['draining', 'active', 'retired'] as const
export type VersionState = (typeof VERSION_STATES)[number]

const TRANSITIONS: Readonly<Record<VersionState | 'unknown', readonly VersionState[]>> = {
  unknown: ['draining', 'active'],
  draining: ['active'],
  active: ['retired'],
  retired: ['active'],
}

/** Whether a version may go from one state to another. */
export function mayBecome(from: VersionState | 'unknown', to: VersionState): boolean {
  return TRANSITIONS[from].includes(to)
}

/** What the ingress does with an event of a version in this state. */
export type VersionAction = 'route' | 'set_aside' | 'retry'

/**
 * Without the lease (fetches of the control topic succeeded within the last 10 s) an ingress
 * cannot know that a version is still unknown, so only active ones pass.
 */
export function versionAction(state: VersionState | 'unknown', leaseHeld: boolean): VersionAction {
  if (state === 'active' || state === 'retired') return 'route'
  if (state === 'draining' || !leaseHeld) return 'retry'
  return 'set_aside'
}
