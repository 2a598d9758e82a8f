import type { ApiVersion } from '#core/ids.ts'
import type {
  DeclaredTopic,
  PartitionConflict,
  SettingDifference,
} from '#platform/kafka/topic-plan.ts'
import type { CheckFinding } from './check-finding.ts'
import type { Change, RegisteredSubject, RegistrationPlan } from './registration-plan.ts'

/** What stood in the way: of a registration, or of a plan. */
export type Obstacle =
  | { readonly kind: 'bad_schemas'; readonly faults: readonly CheckFinding[] }
  | { readonly kind: 'partitions_differ'; readonly conflicts: readonly PartitionConflict[] }
  /** A registry or Kafka that said no, or did not answer. */
  | { readonly kind: 'failed'; readonly step: string; readonly reason: string }

/** What a registration came to. Everything but `done` left the later steps undone. */
export type Registration =
  | {
      readonly kind: 'done'
      /** Empty when everything was there already. */
      readonly changes: readonly Change[]
      readonly topics: readonly DeclaredTopic[]
      readonly differences: readonly SettingDifference[]
      readonly subjects: readonly RegisteredSubject[]
      readonly states: ReadonlyMap<ApiVersion, string>
    }
  | Obstacle

/** Versions that readers know and no ingress routes, until somebody releases what waits of them. */
export function unroutedVersions(
  states: ReadonlyMap<ApiVersion, string>,
): readonly (readonly [ApiVersion, string])[] {
  return [...states].filter(([, state]) => state === 'unknown' || state === 'draining')
}

/** What a registration would change. */
export type Planning = { readonly kind: 'planned'; readonly plan: RegistrationPlan } | Obstacle

/** Ends a registration from within its steps; whoever begins one turns it into its value. */
export class Stop extends Error {
  readonly obstacle: Obstacle

  constructor(obstacle: Obstacle) {
    super(obstacle.kind)
    this.obstacle = obstacle
  }
}

export function failed(step: string, reason: string): Stop {
  return new Stop({ kind: 'failed', step, reason })
}
