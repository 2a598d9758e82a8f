// Written by `npm run docs` from schemas/2025-11-01/settlement.avsc and the samples beside it.
import type { EventOfType } from '../versioned-event.ts'

/** One part of the settled amount. */
export interface SettlementLine {
  /** What the line stands for, in camelCase, e.g. cardTransaction (snake_case since 2026-05-19). */
  readonly type: string | null
  /** Id of the card transaction. Not printed by the sender: name and type are our inference. */
  readonly transaction_id: string | null
  /**
   * Amount of the line in the smallest unit (cents). Not printed by the sender: name and type are
   * our inference.
   */
  readonly amount_cents: bigint | null
}

/** A daily netting of card spending, settled from USD to USDC on Aptos. */
export interface Settlement {
  /** Id of the settlement, prefix set_. */
  readonly id: string | null
  /** State of the settlement. Not printed by the sender: name and type are our inference. */
  readonly status: string | null
  /**
   * Settled amount in the smallest unit (cents). Not printed by the sender: name and type are our
   * inference.
   */
  readonly amount_cents: bigint | null
  /**
   * Currency of the amount, ISO 4217. Not printed by the sender: name and type are our inference.
   */
  readonly currency: string | null
  /** Why the settlement failed. Not printed by the sender: name and type are our inference. */
  readonly failure_reason: string | null
  /** Parts of the settled amount. */
  readonly lines: readonly SettlementLine[] | null
  /**
   * When the settlement was created, as sent (ISO 8601 text). Not printed by the sender: name and
   * type are our inference.
   */
  readonly created_at: string | null
}

/** An on-chain USDC payout to an allowlisted Aptos address. The sender prints no field of it. */
export interface Payout {
  /** Id of the payout. Not printed by the sender: name and type are our inference. */
  readonly id: string | null
  /** State of the payout. Not printed by the sender: name and type are our inference. */
  readonly status: string | null
  /**
   * Paid amount in the smallest unit (cents). Not printed by the sender: name and type are our
   * inference.
   */
  readonly amount_cents: bigint | null
  /** Currency of the amount. Not printed by the sender: name and type are our inference. */
  readonly currency: string | null
  /**
   * Aptos address the payout went to, 0x and hex digits. Not printed by the sender: name and type
   * are our inference.
   */
  readonly aptos_address: string | null
  /**
   * When the payout was created, as sent (ISO 8601 text). Not printed by the sender: name and type
   * are our inference.
   */
  readonly created_at: string | null
}

/** What an event of the settlement domain may carry; null is what it does not. */
export interface SettlementResources {
  /**
   * The settlement; null when the event carries none. The key under data is our inference from the
   * naming rule.
   */
  readonly settlement: Settlement | null
  /**
   * The payout; null when the event carries none. The key under data is our inference from the
   * naming rule.
   */
  readonly payout: Payout | null
}

/** Types of the settlement domain that have a sample. */
export const SETTLEMENT_EVENT_TYPES = [
  'payout.completed',
  'settlement.completed',
  'settlement.failed',
] as const

/** An event of the settlement domain in 2025-11-01. */
export type SettlementEvent = EventOfType<
  '2025-11-01',
  (typeof SETTLEMENT_EVENT_TYPES)[number],
  SettlementResources,
  null
>
