// Written by `npm run docs` from schemas/2025-11-01/program.avsc and the samples beside it.
import type { EventOfType } from '../versioned-event.ts'

/** A card program. The sender prints no field of it. */
export interface Program {
  /** Id of the program. Not printed by the sender: name and type are our inference. */
  readonly id: string | null
  /** Name of the program. Not printed by the sender: name and type are our inference. */
  readonly name: string | null
  /** State of the program. Not printed by the sender: name and type are our inference. */
  readonly status: string | null
  /** Why the program was suspended. Not printed by the sender: name and type are our inference. */
  readonly suspend_reason: string | null
  /**
   * When the program was created, as sent (ISO 8601 text). Not printed by the sender: name and type
   * are our inference.
   */
  readonly created_at: string | null
}

/** What an event of the program domain may carry; null is what it does not. */
export interface ProgramResources {
  /**
   * The card program; null when the event carries none. The key under data is our inference from
   * the naming rule.
   */
  readonly program: Program | null
}

/** Types of the program domain that have a sample. */
export const PROGRAM_EVENT_TYPES = ['program.activated', 'program.suspended'] as const

/** An event of the program domain in 2025-11-01. */
export type ProgramEvent = EventOfType<
  '2025-11-01',
  (typeof PROGRAM_EVENT_TYPES)[number],
  ProgramResources,
  null
>
