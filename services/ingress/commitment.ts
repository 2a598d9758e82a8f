import type { Attempt, BatchLimits, OutgoingRecord } from '#core/commit.ts'
import type { Coordinate } from '#core/outcome.ts'
import { giveBack } from '#platform/spent-bytes.ts'
import type { QueueLimits } from './pressure.ts'
import type { Line } from './tenant-lines.ts'

/** What the group commit needs of Kafka: one attempt to write a batch, which never throws. */
export interface BatchWriter {
  attempt(batch: readonly OutgoingRecord[]): Promise<Attempt>
}

/** A writer that is told when leaders may have moved without its knowledge. */
export interface MainWriter extends BatchWriter {
  renew(): void
}

/** Two ways to Kafka that do not wait for each other; one call at a time goes each of them. */
export interface BatchWriters {
  readonly main: MainWriter
  /** For partitions that may be the ones that cannot be written. */
  readonly trial: BatchWriter
}

/** What became of one record. */
export type Commitment =
  | { readonly kind: 'durable'; readonly at: Coordinate }
  /** Not covered by an answer before its deadline; it may have been written. */
  | { readonly kind: 'expired' }
  /** The broker will not take it: our configuration is at fault. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface GroupCommitLimits extends QueueLimits {
  readonly batch: BatchLimits
  /** A record that is not durable after this is given up: the sender hangs up at 15 s. */
  readonly deadlineMs: number
  /** Waited after an attempt that left something uncovered. */
  readonly backOffMs: number
}

/** For metrics and readiness; called synchronously. */
export interface GroupCommitObserver {
  attempted(kind: Attempt['kind'], records: number, uncovered: number): void
}

/** A record from when it is taken until it is settled. Times are in milliseconds. */
export interface Waiting {
  readonly record: OutgoingRecord
  readonly line: Line<Waiting>
  readonly size: number
  readonly since: number
  /** When its turn came for the first time; anew when its partition is released. */
  turnAt: number
  /** Attempts that it has been in. */
  flights: number
  readonly settle: (commitment: Commitment) => void
  settled: boolean
}

/**
 * Gives the value of a durable record back, which the one attempt that had it does not need any
 * more. An earlier attempt that was given up might still read it, so that one is left alone.
 */
export function letGo({ record: { value }, flights }: Waiting): void {
  if (flights === 1 && value !== null) giveBack(value)
}
