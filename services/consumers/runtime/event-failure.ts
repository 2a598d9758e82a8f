import { HandlerRefusal } from './handler.ts'
import type { FailureVerdict } from './handler-failure.ts'
import { failureVerdict } from './handler-failure.ts'

/** One event of the batch could not be handled; its neighbours are not to blame. */
export class EventFailure extends Error {
  readonly index: number
  readonly reason: unknown

  constructor(index: number, reason: unknown) {
    super('an event could not be handled')
    this.index = index
    this.reason = reason
  }
}

/** What is done about what a handler threw or said. */
export function verdictOf(error: unknown): FailureVerdict {
  if (!(error instanceof HandlerRefusal)) return failureVerdict(error)
  return error.kind === 'set_aside' ? 'set_aside' : 'park'
}

/** Whether trying again in place may help: not when the handler itself has parked the event. */
export function isWorthAnotherTry(error: unknown): boolean {
  return verdictOf(error) === 'park' && !(error instanceof HandlerRefusal && error.kind === 'park')
}
