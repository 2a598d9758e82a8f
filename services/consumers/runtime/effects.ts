import type { Transaction } from '#platform/postgres/database.ts'
import type { DomainEvent } from './contract.ts'
import type { Place } from './fence.ts'
import type { GapCount } from './gaps.ts'
import type { Handler } from './handler.ts'
import type { PlannedEvent } from './plan.ts'
import type { Projected } from './projection.ts'

/** The statements of a domain, made once. */
export interface Effects {
  project(
    transaction: Transaction,
    place: Place,
    events: readonly PlannedEvent[],
  ): Promise<Projected>
  /** Adds to the history, and judges by it whether a webhook never came. */
  remember(
    transaction: Transaction,
    place: Place,
    events: readonly PlannedEvent[],
    stale: ReadonlySet<DomainEvent>,
  ): Promise<GapCount>
  readonly handler: Handler | null
  readonly handlerDeadlineMs: number
}
