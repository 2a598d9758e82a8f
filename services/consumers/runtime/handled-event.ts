import type { DomainEvent } from './contract.ts'
import type { InboxOutcome } from './inbox.ts'
import type { PlannedEvent } from './plan.ts'

type EventOutcome = InboxOutcome | 'duplicate'

/** What one event came to. */
export interface HandledEvent {
  readonly planned: PlannedEvent
  readonly outcome: EventOutcome
  /** The resource that came from a state from which there is no way to the event's. */
  readonly impossible?: string | undefined
  /** Nobody knew its type. */
  readonly unknownType?: boolean
}

/** What an event of a batch came to: new to the inbox or not, newer than its row or not. */
export function outcomeOf(
  { reading, states }: PlannedEvent,
  fresh: ReadonlySet<bigint>,
  stale: ReadonlySet<DomainEvent>,
): EventOutcome {
  if (!fresh.has(reading.offset)) return 'duplicate'
  if (stale.has(reading.event)) return 'stale'
  return states.length === 0 ? 'history_only' : 'applied'
}
