// Written by `npm run docs` from schemas/2026-05-19/compliance.avsc and the samples beside it.
import type { EventOfType } from '../versioned-event.ts'

/** The end user of a card. The sender prints no field of it. */
export interface Cardholder {
  /** Id of the cardholder. Not printed by the sender: name and type are our inference. */
  readonly id: string | null
  /** State of the cardholder. Not printed by the sender: name and type are our inference. */
  readonly status: string | null
  /** Name of the cardholder. Not printed by the sender: name and type are our inference. */
  readonly name: string | null
  /**
   * E-mail address of the cardholder. Not printed by the sender: name and type are our inference.
   */
  readonly email: string | null
  /**
   * Outcome of the identity check (KYC). Not printed by the sender: name and type are our
   * inference.
   */
  readonly kyc_status: string | null
  /**
   * Outcome of the sanctions monitoring. Not printed by the sender: name and type are our
   * inference.
   */
  readonly sanctions_status: string | null
  /**
   * When the cardholder was created, as sent (ISO 8601 text). Not printed by the sender: name and
   * type are our inference.
   */
  readonly created_at: string | null
}

/** What an event of the compliance domain may carry; null is what it does not. */
export interface ComplianceResources {
  /**
   * The cardholder; null when the event carries none. The key under data is our inference from the
   * naming rule.
   */
  readonly cardholder: Cardholder | null
}

/** Types of the compliance domain that have a sample. */
export const COMPLIANCE_EVENT_TYPES = [
  'cardholder.kyc.completed',
  'cardholder.sanctions.alert',
] as const

/** An event of the compliance domain in 2026-05-19. */
export type ComplianceEvent = EventOfType<
  '2026-05-19',
  (typeof COMPLIANCE_EVENT_TYPES)[number],
  ComplianceResources,
  string | null
>
