// Written by `npm run docs` from schemas/2026-05-19/card.avsc and the samples beside it.
import type { EventOfType } from '../versioned-event.ts'

/** Shipment of a physical card. */
export interface CardShipping {
  /**
   * Tracking number of the carrier; set on card.shipped. The name is printed by the sender, the
   * type is our inference.
   */
  readonly tracking_number: string | null
}

/** Where the card may be used. */
export interface CardSpendingControls {
  /**
   * Merchant categories the card is refused at; replaces allowed_categories since 2026-05-19. The
   * name is printed by the sender, the type is our inference.
   */
  readonly blocked_categories: readonly string[] | null
}

/** A Spend Card, as it was at the time of the event. */
export interface Card {
  /** Id of the card, prefix card_. */
  readonly id: string | null
  /** virtual or physical. Not printed by the sender: name and type are our inference. */
  readonly type: string | null
  /** State of the card. Not printed by the sender: name and type are our inference. */
  readonly status: string | null
  /** Id of the cardholder. Not printed by the sender: name and type are our inference. */
  readonly cardholder_id: string | null
  /** Id of the card program. Not printed by the sender: name and type are our inference. */
  readonly program_id: string | null
  /** Shipment of a physical card. */
  readonly shipping: CardShipping | null
  /**
   * Why the card was suspended; set on card.suspended. The name is printed by the sender, the type
   * is our inference.
   */
  readonly suspend_reason: string | null
  /**
   * Why the card was closed for good; set on card.terminated. The name is printed by the sender,
   * the type is our inference.
   */
  readonly terminate_reason: string | null
  /** Where the card may be used. */
  readonly spending_controls: CardSpendingControls | null
  /**
   * When the card was created, as sent (ISO 8601 text). Not printed by the sender: name and type
   * are our inference.
   */
  readonly created_at: string | null
}

/** Where the card was used. */
export interface Merchant {
  /** Name of the merchant. Not printed by the sender: name and type are our inference. */
  readonly name: string | null
  /** Merchant category: the four-digit MCC as text, leading zeros kept. */
  readonly category_code: string | null
}

/**
 * A card transaction. An authorized event is no proof of approval: the sender contradicts itself
 * about when it fires.
 */
export interface Transaction {
  /** Id of the transaction, prefix txn_. */
  readonly id: string | null
  /** Id of the card. Not printed by the sender: name and type are our inference. */
  readonly card_id: string | null
  /** State of the transaction. Not printed by the sender: name and type are our inference. */
  readonly status: string | null
  /** Where the card was used. */
  readonly merchant: Merchant | null
  /** Amount in the smallest unit (cents). */
  readonly amount_cents: bigint | null
  /**
   * Currency of the amount, ISO 4217. Not printed by the sender: name and type are our inference.
   */
  readonly currency: string | null
  /**
   * Why the transaction was declined; set on card.transaction.declined. The name is printed by the
   * sender, the type is our inference.
   */
  readonly decline_reason: string | null
  /**
   * When the transaction was created, as sent (ISO 8601 text). Not printed by the sender: name and
   * type are our inference.
   */
  readonly created_at: string | null
}

/** A disputed card transaction. */
export interface Dispute {
  /** Id of the dispute. Not printed by the sender: name and type are our inference. */
  readonly id: string | null
  /** Id of the disputed transaction. Not printed by the sender: name and type are our inference. */
  readonly transaction_id: string | null
  /** State of the dispute. Not printed by the sender: name and type are our inference. */
  readonly status: string | null
  /**
   * Why the transaction is disputed, e.g. customer_complaint (customer_dispute before 2026-05-19).
   */
  readonly reason: string | null
  /**
   * Disputed amount in the smallest unit (cents). Not printed by the sender: name and type are our
   * inference.
   */
  readonly amount_cents: bigint | null
  /**
   * Currency of the amount, ISO 4217. Not printed by the sender: name and type are our inference.
   */
  readonly currency: string | null
  /**
   * When the dispute was created, as sent (ISO 8601 text). Not printed by the sender: name and type
   * are our inference.
   */
  readonly created_at: string | null
}

/** What an event of the card domain may carry; null is what it does not. */
export interface CardResources {
  /** The card; null when the event carries none. */
  readonly card: Card | null
  /** The transaction, on card.transaction.*; null otherwise. */
  readonly transaction: Transaction | null
  /**
   * The dispute, on dispute.*; null otherwise. The key under data is our inference from the naming
   * rule.
   */
  readonly dispute: Dispute | null
}

/** Types of the card domain that have a sample. */
export const CARD_EVENT_TYPES = [
  'card.activated',
  'card.created',
  'card.resumed',
  'card.shipped',
  'card.suspended',
  'card.terminated',
  'card.transaction.authorized',
  'card.transaction.captured',
  'card.transaction.declined',
  'dispute.updated',
] as const

/** An event of the card domain in 2026-05-19. */
export type CardEvent = EventOfType<
  '2026-05-19',
  (typeof CARD_EVENT_TYPES)[number],
  CardResources,
  string | null
>
