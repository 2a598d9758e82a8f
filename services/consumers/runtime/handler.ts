import { setTimeout as delay } from 'node:timers/promises'
import type { Transaction } from '#platform/postgres/database.ts'
import type { DomainEvent } from './contract.ts'

/**
 * What a handler says of an event. `retry`: try again in place, then park. `park`: the tenant waits.
 * `set_aside`: this event alone, for good. The reason is a code of the handler's own.
 */
export type HandlerOutcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'retry' | 'park' | 'set_aside'; readonly reason: string }

/** What a handler may use: its statements are part of the batch's transaction. */
export interface HandlerWork extends Transaction {
  /** Aborted at the deadline; statements fail from then on. */
  readonly signal: AbortSignal
}

/** Effects beyond projections, called for each event in order. */
export type Handler = (event: DomainEvent, work: HandlerWork) => Promise<HandlerOutcome | undefined>

/** A handler said no; carries its reason like an error. */
export class HandlerRefusal extends Error {
  readonly kind: 'retry' | 'park' | 'set_aside'

  constructor(kind: 'retry' | 'park' | 'set_aside', reason: string) {
    super(reason)
    this.name = reason
    this.kind = kind
  }
}

/** A handler did not answer in time. */
class HandlerTimeout extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`)
    this.name = 'HandlerTimeout'
  }
}

function guarded(transaction: Transaction, signal: AbortSignal): HandlerWork {
  return {
    signal,
    query: (statement) => {
      // A handler that goes on after its deadline must not write into what comes after it.
      signal.throwIfAborted()
      return transaction.query(statement)
    },
  }
}

/**
 * Runs a handler with a deadline.
 *
 * @throws what the handler throws, HandlerTimeout, or HandlerRefusal when its outcome is not ok.
 */
export async function runHandler(
  handler: Handler,
  event: DomainEvent,
  transaction: Transaction,
  deadlineMs: number,
): Promise<void> {
  const over = new AbortController()
  const timer = new AbortController()
  const late = delay(deadlineMs, undefined, { signal: timer.signal }).then(() => {
    throw new HandlerTimeout(deadlineMs)
  })
  // Whichever loses the race must not count as unhandled.
  late.catch(() => undefined)
  try {
    const outcome = await Promise.race([handler(event, guarded(transaction, over.signal)), late])
    if (outcome === undefined || outcome.kind === 'ok') return
    throw new HandlerRefusal(outcome.kind, outcome.reason)
  } finally {
    timer.abort()
    over.abort()
  }
}
