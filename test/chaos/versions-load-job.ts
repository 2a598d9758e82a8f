import type { DeclaredEndpoint } from '../corpus/endpoints.ts'

/** What the load process is asked to do once. */
export interface VersionsLoadJob {
  /** Base URLs of the ingresses; each event goes to any of them. */
  readonly urls: readonly string[]
  readonly tenants: readonly DeclaredEndpoint[]
  /** Events of known versions a second, over all tenants. */
  readonly rate: number
  readonly seed: number
}

/** What it is told on the way. */
export type VersionsLoadOrder =
  /** Each tenant sends so many of a version as fast as it can, one after another; told when done. */
  | { readonly kind: 'fill'; readonly version: string; readonly each: number }
  /** From now on times of known versions count for this phase. */
  | { readonly kind: 'phase'; readonly name: string }
  | { readonly kind: 'end' }

/** An event of a version that was added, acknowledged. */
export interface LaneEvent {
  readonly id: string
  readonly type: string
  readonly status: number
}

export interface VersionsLoadResult {
  /** In the order of acknowledgement, by tenant. */
  readonly lanes: Readonly<Record<string, readonly LaneEvent[]>>
  /** How often each answer made a lane send again. */
  readonly repeats: Readonly<Record<string, number>>
  /** Events of known versions that were not answered 200. */
  readonly failures: readonly string[]
  readonly known: number
  /** Milliseconds from the whole request to the whole answer, by phase. */
  readonly times: Readonly<Record<string, readonly number[]>>
  /** How late each of them was begun, milliseconds, by phase: the sender's own fault, not in \`times\`. */
  readonly lateness: Readonly<Record<string, readonly number[]>>
}
